/* Values as text, for render.c only: each appends to a buffer. */
#pragma once
#include "state/render.h"

/* Room for any number or address with what it means. */
#define RENDER_SMALL 512

/* Writes v at p in decimal, returns the end; at most 20 characters. */
char *decimal_write(char *p, uint64_t v);
void render_text(struct buffer *out, const char *text, size_t len);
void render_bytes(struct buffer *out, const uint8_t *data, size_t len,
		  const struct render_options *options);
void render_fd_name(struct buffer *out, int64_t fd, const struct state *st);
void render_time(struct buffer *out, uint64_t ns);
/* One fixed-size number by its parameter's type, with what it means in parentheses. */
void render_number(struct buffer *out, const struct param_info *info, const struct param *p,
		   const struct state *st);
