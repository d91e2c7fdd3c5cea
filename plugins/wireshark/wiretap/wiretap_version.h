/*
 * Of wiretap, what distributions leave out of their headers (Debian 12 installs no wtap-int.h), and
 * what differs from version to version.
 */
#pragma once
#include "plugins/wireshark/wireshark_version.h"

#include <wiretap/wtap.h>

/* From file_wrappers.h, which does not compile without headers that are not installed. */
extern gint64 file_seek(FILE_T stream, gint64 offset, int whence, int *err);
extern int file_read(void *buf, unsigned int count, FILE_T file);

/* Since 4.5 the bytes of a record are part of it. */
#if WIRESHARK_AT_LEAST(4, 5)
#define BUFFER_PARAM
#define BUFFER_ARG(b)
#define BUFFER_OF(rec, b)    (&(rec)->data)
#define RECORD_INIT(rec, b)  wtap_rec_init(rec, 1514)
#define RECORD_CLEANUP(r, b) wtap_rec_cleanup(r)
#define SWAP_BUFFERS(x, y)
#else
#define BUFFER_PARAM         Buffer *buffer,
#define BUFFER_ARG(b)        b,
#define BUFFER_OF(rec, b)    (b)
#define RECORD_INIT(rec, b)  (wtap_rec_init(rec), ws_buffer_init(b, 1514))
#define RECORD_CLEANUP(r, b) (wtap_rec_cleanup(r), ws_buffer_free(b))
#define SWAP_BUFFERS(x, y)                                                                         \
	do {                                                                                       \
		Buffer swapped_buffer = *(x);                                                      \
		*(x) = *(y);                                                                       \
		*(y) = swapped_buffer;                                                             \
	} while (0)
#endif

#if __has_include(<wiretap/wtap-int.h>)
#include <wiretap/wtap-int.h>
#else
typedef ws_bool (*subtype_read_func)(struct wtap *, wtap_rec *, BUFFER_ARG(Buffer *) int *, char **,
				     gint64 *);
typedef ws_bool (*subtype_seek_read_func)(struct wtap *, gint64, wtap_rec *,
					  BUFFER_ARG(Buffer *) int *, char **);

/* An open file. Found out from what the library's own functions read and free, and from published
 * headers. */
struct wtap {
	FILE_T fh, random_fh;
	ws_bool ispipe;
	int file_type_subtype;
	guint snapshot_length;
	GArray *shb_hdrs;
#if WIRESHARK_AT_LEAST(4, 2)
	GArray *shb_iface_to_global;
#endif
	GArray *interface_data;
	guint next_interface_data;
	GArray *nrbs, *dsbs;
#if WIRESHARK_AT_LEAST(4, 2)
	GArray *meta_events;
#endif
#if WIRESHARK_AT_LEAST(4, 5)
	GArray *dpibs;
	guint next_dpib_id;
#endif
	char *pathname;
	void *priv;
	void *wslua_data;
	subtype_read_func subtype_read;
	subtype_seek_read_func subtype_seek_read;
	void (*subtype_sequential_close)(struct wtap *);
	void (*subtype_close)(struct wtap *);
	int file_encap, file_tsprec;
};
#endif
