/*
 * libscapkit: reading captures of system calls from a program.
 *
 *	#include <scapkit.h>
 *	#include <stdio.h>
 *
 *	int main(int argc, char **argv)
 *	{
 *		struct scapkit_capture *c = NULL;
 *		const struct scapkit_event *e;
 *		char text[256];
 *		int r = scapkit_open(argc > 1 ? argv[1] : "-", &c);
 *
 *		if (r == 0)
 *			r = scapkit_set_filter(c, "evt.type=openat");
 *		while (r >= 0 && (r = scapkit_next(c, &e)) > 0)
 *			if (scapkit_field_text(c, "fd.name", text, sizeof text) > 0)
 *				printf("%llu %s\n", (unsigned long long)e->number, text);
 *		if (r < 0)
 *			fprintf(stderr, "%s\n", scapkit_error(c));
 *		scapkit_close(c);
 *		return r < 0;
 *	}
 *
 *	cc example.c $(pkg-config --cflags --libs scapkit)
 *
 * Ownership: a capture is the caller's until scapkit_close(). Everything that is reached through a
 * capture (events, texts, error words) belongs to it; how long it stays is said at each function.
 * Threads: different captures may be used in different threads at the same time; one capture is used
 * by one thread at a time, and all calls of one iteration are made in the same thread.
 * Functions return 0 (or more, where said) or a negative errno, and never print.
 */
#ifndef SCAPKIT_H
#define SCAPKIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SCAPKIT_VERSION_MAJOR 0
#define SCAPKIT_VERSION_MINOR 1
#define SCAPKIT_VERSION_PATCH 0

/* The version of the library in use: "0.1.0". Static. */
const char *scapkit_version(void);

struct scapkit_capture;

/*
 * Opens a capture; "-" is standard input. *ret is set whenever memory is there, also on failure, so that
 * scapkit_error() can tell what was wrong: scapkit_close() it in either case.
 *   0         open
 *   -ENOENT, -EACCES ...  as open(2) says
 *   -ENODATA  empty, or ends within its header
 *   -ENOTSUP  not a capture that this version reads
 *   -ENOMEM   *ret is NULL
 */
int scapkit_open(const char *path, struct scapkit_capture **ret);
/* NULL is fine. */
void scapkit_close(struct scapkit_capture *capture);

/* What the last failing call on this capture complained of; "" when none failed. Valid until the next
   call on the capture. NULL for capture is fine: "out of memory". */
const char *scapkit_error(const struct scapkit_capture *capture);

/*
 * Only events that pass are returned from now on; "" passes everything. To be called before the first
 * scapkit_next(): -EBUSY later. -EINVAL: the filter is wrong, scapkit_error() shows where.
 */
int scapkit_set_filter(struct scapkit_capture *capture, const char *filter);

enum scapkit_event_flag {
	SCAPKIT_UNFINISHED = 1 << 0,	/* still in the call when the capture ended: no result */
	SCAPKIT_CHILD_RETURN = 1 << 1,	/* fork, vfork, clone returning in the child */
	SCAPKIT_TRUNCATED = 1 << 6,	/* a buffer was cut at the capture's limit */
};

#define SCAPKIT_DURATION_NONE UINT64_MAX

struct scapkit_event {
	uint64_t number;	/* in the capture, from 1 */
	uint64_t time_ns;	/* when it ended, since the epoch */
	uint64_t duration_ns;	/* from entry to exit, or SCAPKIT_DURATION_NONE */
	int64_t tid;
	int64_t result;		/* meaningful when has_result: what the call returned, -errno on failure */
	const char *type_name;	/* "openat" */
	uint16_t type;		/* event type number (scapread -L) */
	uint16_t cpu;		/* 65535: not known (captured with ptrace) */
	uint32_t flags;		/* enum scapkit_event_flag; other bits may be set, too */
	uint32_t n_params;
	uint8_t has_result;
	uint8_t reserved[7];
};

/*
 * The next event that passes. *ret and all that hangs on it are valid until the next call.
 *   1  an event
 *   0  the end
 *   -EBADMSG  the capture is damaged here; the next call goes on behind the damage
 *   other     reading failed, and will again
 */
int scapkit_next(struct scapkit_capture *capture, const struct scapkit_event **ret);

/* Events that the capture itself says are lost, as far as it has been read. */
uint64_t scapkit_lost(const struct scapkit_capture *capture);

/*
 * Any field of the filter language ("fd.name", "proc.aname[2]", "evt.arg.flags"; scapread -l lists them)
 * of the current event, as text. Writes at most size bytes, NUL included (size 0: none, text may be NULL).
 *   > 0  the whole length plus one: 1 is the empty text; larger than size: it was cut
 *   0    this event has no such value
 *   -EINVAL  no such field
 *   -ENOENT  there is no current event
 */
int64_t scapkit_field_text(struct scapkit_capture *capture, const char *field, char *text, size_t size);
/* The same for fields that are numbers (-ERANGE when the field is text). 1 *ret is set, 0 no value. */
int scapkit_field_number(struct scapkit_capture *capture, const char *field, int64_t *ret);

/*
 * Parameter i (0 to n_params-1) of the current event: its name, and its bytes in the file's encoding
 * (little-endian numbers; text with its NUL). 1, or 0 when the parameter is absent (*name is set in both
 * cases); -ENOENT no current event or no such parameter. Any of the pointers may be NULL.
 */
int scapkit_param(struct scapkit_capture *capture, uint32_t i, const char **name, const void **data,
		  size_t *len);

/*
 * The current event as a line: format as scapread -p takes it, NULL is the default line. The text belongs
 * to the capture and is valid until the next call on it. 1, 0: the event lacks a value, -EINVAL.
 */
int scapkit_line(struct scapkit_capture *capture, const char *format, const char **ret);

#ifdef __cplusplus
}
#endif
#endif
