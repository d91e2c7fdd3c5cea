/*
 * Bytes of a genuine .scap file on their way to an fd: plain, or gzip in members of SCAP_MEMBER_LEN
 * bytes that do not depend on each other (every reader takes them for one stream, and who looks for a
 * place can begin at any member).
 *
 *	scap_output_init(&o, fd, 6);
 *	scap_output_write(&o, data, len, &err); ...
 *	scap_output_flush(&o, &err);
 *	scap_output_done(&o);
 */
#pragma once
#include "base/bytes.h"
#include "base/error.h"
#include <zlib.h>

#define SCAP_MEMBER_LEN (256u << 10)
#define SCAP_GZIP_MAX	9 /* the highest level of zlib */

struct scap_output {
	int fd;			/* not owned */
	int level;		/* 0: plain */
	struct buffer bytes;	/* at most a member's */
	struct buffer packed;
	z_stream zlib;
	bool has_zlib;
	uint64_t n_written;	/* bytes of the file */
	int failed;		/* negative errno that every further call gives */
};

void scap_output_init(struct scap_output *o, int fd, int level);
/* 0, -ENOMEM, or what write(2) says. */
int scap_output_write(struct scap_output *o, const void *data, size_t len, struct error *err);
/* Everything is written; a member ends here. */
int scap_output_flush(struct scap_output *o, struct error *err);
void scap_output_done(struct scap_output *o);
