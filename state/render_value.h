/* Values as text, for render.c and render_plan.c only: each appends to a buffer. */
#pragma once
#include "state/render.h"

/* Room for any number or address with what it means. */
#define RENDER_SMALL 512

/* Calls of the public table's "generic" event show nothing but their name, as the family does. */
#define RENDER_TYPE_GENERIC 1
#define RENDER_NAME_MAX	    64 /* bytes of a parameter's name; a file's schema may have longer ones */

void render_text(struct buffer *out, const char *text, size_t len);
void render_bytes(struct buffer *out, const uint8_t *data, size_t len,
		  const struct render_options *options);
void render_fd_name(struct buffer *out, int64_t fd, const struct state *st);
/* One fixed-size number by its parameter's type, with what it means in parentheses. */
void render_number(struct buffer *out, const struct param_info *info, const struct param *p,
		   const struct state *st);
/* Parameter i, by its row, or by another that stands for it (of an alternative). */
void render_one(struct buffer *out, struct event *ev, unsigned i, const struct param_info *info,
		const struct param *p, const struct state *st, const struct render_options *options);
/* " name=", without the blank for the first; at most RENDER_NAME_MAX + 2 bytes. Returns the end. */
char *render_arg_name(char *p, const struct param_info *info, bool first);
