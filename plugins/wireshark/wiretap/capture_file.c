/*
 * The file reader: pcapng is read by Wireshark's own reader, and the blocks of ours among what it
 * gives are told as records, one for each event, with packets beside them in their time. Genuine
 * .scap files are read by our own reader.
 */
#include "format/native.h"
#include "format/scap.h"
#include "format/wire.h"
#include "plugins/wireshark/block_feed.h"
#include "plugins/wireshark/record_spool.h"
#include "plugins/wireshark/wiretap/packet_queue.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define WAITING_MAX (4u << 20) /* bytes of blocks that wait for what comes behind them */
#define HEAD_LEN    4096       /* looked at to tell genuine .scap files from others */

struct file {
	/* What the stock reader has put into struct wtap. */
	subtype_read_func read;
	subtype_seek_read_func seek_read;
	void (*sequential_close)(struct wtap *);
	void (*close)(struct wtap *);
	void *priv;

	struct feed *feed;          /* of native captures; NULL: no block of ours was met */
	struct source *source;      /* of a genuine .scap file; then there is no stock reader */
	struct teller *teller;      /* of it */
	struct record_spool *spool; /* NULL: nobody comes back */
	gint64 n_told;

	struct packet_queue packets;
	guint64 packet_ns; /* of the last one */
	GQueue waiting;    /* GByteArray: blocks of ours, in order */
	size_t waiting_bytes;
	unsigned n_waiting_events; /* of them, how many hold events */
	bool ended, finished; /* the file, for now; and what was lost at its end has been told */
	int end_error;
	gchar *end_info;

	guint n_interfaces; /* looked through */
	bool expected;      /* blocks of ours are */
	int interface;      /* of our link type, -1: not found */
};

static int genuine_type = -1;

/* ---- the stock reader, which expects its own things in struct wtap ---- */

static bool stock_read(struct wtap *wth, struct file *f, struct held_packet *to, int *err,
		       gchar **err_info)
{
	ws_bool r;

	to->rec.block = NULL;
	to->rec.block_was_modified = FALSE;
	to->rec.presence_flags = 0;
	to->rec.rec_header.packet_header.pkt_encap = wth->file_encap;
	to->rec.tsprec = wth->file_tsprec;
	wth->priv = f->priv;
	r = f->read(wth, &to->rec, BUFFER_ARG(&to->buf) err, err_info, &to->offset);
	f->priv = wth->priv;
	wth->priv = f;
	return r;
}

/* The block that the stock reader gave the inside of; NULL when it is none of ours. */
static GByteArray *take_block(const struct held_packet *p, bool *ret_events)
{
	const wtap_custom_block_header *h = &p->rec.rec_header.custom_block_header;
	const guint8 *data = ws_buffer_start_ptr(BUFFER_OF(&p->rec, &p->buf));
	guint32 words[3] = {PCAPNG_CUSTOM, h->length + 16, h->pen};
	GByteArray *block;

	if (p->rec.rec_type != REC_TYPE_CUSTOM_BLOCK || !h->copy_allowed ||
	    h->length > NATIVE_BLOCK_MAX || !feed_is_ours(h->pen, data, h->length, ret_events))
		return NULL;
	block = g_byte_array_sized_new(words[1]);
	g_byte_array_append(block, (guint8 *)words, sizeof words);
	g_byte_array_append(block, data, h->length);
	g_byte_array_append(block, (guint8 *)&words[1], 4);
	return block;
}

/*
 * The first interface of our link type, for those who save the record again; and whether it is one
 * that a native capture begins with, so that blocks of events are to be expected.
 */
static int find_interface(struct wtap *wth, struct file *f)
{
	char *name = NULL;

	for (;
	     f->interface < 0 && wth->interface_data && f->n_interfaces < wth->interface_data->len;
	     f->n_interfaces++) {
		wtap_block_t block =
		    g_array_index(wth->interface_data, wtap_block_t, f->n_interfaces);
		const wtapng_if_descr_mandatory_t *about = wtap_block_get_mandatory_data(block);

		if (about->wtap_encap != WTAP_ENCAP_WIRESHARK_UPPER_PDU)
			continue;
		f->interface = (int)f->n_interfaces;
		f->expected = wtap_block_get_string_option_value(block, OPT_IDB_NAME, &name) ==
				  WTAP_OPTTYPE_SUCCESS &&
			      !strcmp(name, "syscalls");
	}
	return f->interface;
}

/* One step on in the file. true: the spare holds a packet that needs no waiting. */
static bool read_on(struct wtap *wth, struct file *f)
{
	struct held_packet *p = packet_queue_spare(&f->packets);
	GByteArray *block;
	bool events;

	if (!stock_read(wth, f, p, &f->end_error, &f->end_info)) {
		f->ended = true;
		return false;
	}
	if ((block = take_block(p, &events))) {
		g_queue_push_tail(&f->waiting, block);
		f->waiting_bytes += block->len;
		f->n_waiting_events += events;
		return false;
	}
	find_interface(wth, f);
	if (!f->feed && !f->waiting.length && !f->expected)
		return true;
	if (p->rec.presence_flags & WTAP_HAS_TS)
		f->packet_ns = (guint64)p->rec.ts.secs * 1000000000u + (guint64)p->rec.ts.nsecs;
	p->time_ns = f->packet_ns;
	packet_queue_push(&f->packets);
	return false;
}

/* ---- records ---- */

static void fill(struct wtap *wth, struct file *f, wtap_rec *rec, Buffer *buf, const guint8 *bytes,
		 size_t len, guint64 time_ns)
{
	wtap_packet_header *h = &rec->rec_header.packet_header;
	guint8 *to;

	memset(h, 0, sizeof *h);
	rec->rec_type = REC_TYPE_PACKET;
	rec->block = wtap_block_create(WTAP_BLOCK_PACKET);
	rec->block_was_modified = FALSE;
	rec->presence_flags = WTAP_HAS_TS | WTAP_HAS_CAP_LEN;
	rec->ts.secs = (time_t)(time_ns / 1000000000u);
	rec->ts.nsecs = (int)(time_ns % 1000000000u);
	rec->tsprec = WTAP_TSPREC_NSEC;
	h->caplen = h->len = (guint32)(RECORD_PDU_HEAD_LEN + len);
	h->pkt_encap = WTAP_ENCAP_WIRESHARK_UPPER_PDU;
	if (find_interface(wth, f) >= 0) {
		rec->presence_flags |= WTAP_HAS_INTERFACE_ID;
		h->interface_id = (guint32)f->interface;
	}
	ws_buffer_assure_space(buf, h->caplen);
	to = ws_buffer_start_ptr(buf);
	memcpy(to, RECORD_PDU_HEAD, RECORD_PDU_HEAD_LEN);
	memcpy(to + RECORD_PDU_HEAD_LEN, bytes, len);
}

static ws_bool fail(const struct error *words, int *err, gchar **err_info)
{
	*err = words->code == -EBADMSG   ? WTAP_ERR_BAD_FILE
	       : words->code == -ENOTSUP ? WTAP_ERR_UNSUPPORTED
	       : words->code < 0         ? -words->code
					 : ENOMEM;
	if (*err < 0)
		*err_info = g_strdup(words->text);
	return FALSE;
}

/* What teller or feed gave, r being what it returned. */
static ws_bool give(struct wtap *wth, struct file *f, int r, const struct told_record *told,
		    wtap_rec *rec, Buffer *buf, int *err, gchar **err_info, gint64 *offset)
{
	struct error words = {0};

	if (r < 0) {
		error_set(&words, r, "out of memory");
		return fail(&words, err, err_info);
	}
	*offset = RECORD_PLACE_BIT | f->n_told++;
	if (f->spool) {
		*offset = record_spool_add(f->spool, told->bytes, told->len, told->time_ns, &words);
		if (*offset < 0)
			return fail(&words, err, err_info);
	}
	fill(wth, f, rec, buf, told->bytes, told->len, told->time_ns);
	return TRUE;
}

/* ---- native captures ---- */

static bool block_has_events(const GByteArray *block)
{
	bool events;

	return feed_is_ours(WIRE_ENTERPRISE, block->data + WIRE_AT_MAGIC,
			    block->len - WIRE_AT_MAGIC, &events) &&
	       events;
}

/* Whether the first waiting block may be read: what stands behind a block of events may belong in
   front of some of them, so that the next such block, or the end, is waited for. */
static bool may_release(const struct file *f)
{
	return f->waiting.length &&
	       (f->ended || f->n_waiting_events != 1 || f->waiting_bytes > WAITING_MAX ||
		packet_queue_full(&f->packets) || !block_has_events(f->waiting.head->data));
}

/* Damage costs the block alone: what was lost is told with the next event. 0 or negative errno. */
static int release(struct file *f, struct error *words)
{
	GByteArray *block = g_queue_pop_head(&f->waiting);
	int r;

	f->waiting_bytes -= block->len;
	f->n_waiting_events -= block_has_events(block);
	if (!f->feed && !(f->feed = feed_new()))
		r = error_set(words, -ENOMEM, "out of memory");
	else
		r = feed_block(f->feed, block->data, block->len, words);
	g_byte_array_unref(block);
	return r == -ENOMEM || r == -ENOTSUP ? r : 0;
}

static ws_bool end(struct file *f, int *err, gchar **err_info)
{
	/* A file that grows is asked again. */
	f->ended = f->finished = false;
	*err = f->end_error;
	*err_info = f->end_info;
	f->end_error = 0;
	f->end_info = NULL;
	return FALSE;
}

static ws_bool capture_read(struct wtap *wth, wtap_rec *rec, BUFFER_PARAM int *err,
			    gchar **err_info, gint64 *offset)
{
	struct file *f = wth->priv;
	Buffer *buf = BUFFER_OF(rec, buffer);
	struct told_record told;
	struct error words = {0};
	guint64 ns;
	int r;

	for (;;) {
		const struct held_packet *packet = packet_queue_head(&f->packets);

		if (f->feed && feed_peek(f->feed, &ns)) {
			if (!packet || packet->time_ns > ns) {
				r = feed_next(f->feed, &told);
				return give(wth, f, r, &told, rec, buf, err, err_info, offset);
			}
			packet_queue_pop(&f->packets, rec, buf, offset);
			return TRUE;
		}
		if (may_release(f)) {
			if (release(f, &words) < 0)
				return fail(&words, err, err_info);
			error_clear(&words);
			continue;
		}
		if (packet && (f->ended || packet_queue_full(&f->packets))) {
			packet_queue_pop(&f->packets, rec, buf, offset);
			return TRUE;
		}
		if (f->ended) {
			r = f->feed ? feed_finish(f->feed, &told) : 0;
			if (r != 0)
				return give(wth, f, r, &told, rec, buf, err, err_info, offset);
			return end(f, err, err_info);
		}
		if (read_on(wth, f)) {
			packet_queue_give_spare(&f->packets, rec, buf, offset);
			return TRUE;
		}
	}
}

/* ---- genuine .scap ---- */

static ws_bool genuine_read(struct wtap *wth, wtap_rec *rec, BUFFER_PARAM int *err,
			    gchar **err_info, gint64 *offset)
{
	struct file *f = wth->priv;
	Buffer *buf = BUFFER_OF(rec, buffer);
	struct told_record told;
	struct error words = {0};
	struct item item;
	int r;

	while ((r = teller_next(f->teller, &told)) == 0) {
		r = source_next(f->source, &item, &words);
		if (r == 0)
			break;
		if (r > 0)
			r = teller_take(f->teller, &item, &words);
		/* What was lost is told with the next event. */
		if (r == -ENOMEM || r == -EIO)
			return fail(&words, err, err_info);
		error_clear(&words);
	}
	if (r == 0)
		r = teller_finish(f->teller, &told);
	return r ? give(wth, f, r, &told, rec, buf, err, err_info, offset) : FALSE;
}

/* ---- random access and the end ---- */

static ws_bool capture_seek_read(struct wtap *wth, gint64 offset, wtap_rec *rec,
				 BUFFER_PARAM int *err, gchar **err_info)
{
	struct file *f = wth->priv;
	struct error words = {0};
	const uint8_t *bytes;
	uint64_t ns;
	size_t len;
	ws_bool r;

	if (offset & RECORD_PLACE_BIT) {
		if (!f->spool)
			return error_set(&words, -EINVAL, "nothing was kept"),
			       fail(&words, err, err_info);
		if (record_spool_get(f->spool, offset, &bytes, &len, &ns, &words) < 0)
			return fail(&words, err, err_info);
		fill(wth, f, rec, BUFFER_OF(rec, buffer), bytes, len, ns);
		return TRUE;
	}
	wth->priv = f->priv;
	r = f->seek_read(wth, offset, rec, BUFFER_ARG(buffer) err, err_info);
	f->priv = wth->priv;
	wth->priv = f;
	return r;
}

static void block_free(gpointer block)
{
	g_byte_array_unref(block);
}

/* All that only reading on needs. */
static void capture_sequential_close(struct wtap *wth)
{
	struct file *f = wth->priv;

	if (f->sequential_close) {
		wth->priv = f->priv;
		f->sequential_close(wth);
		f->priv = wth->priv;
		wth->priv = f;
	}
	feed_free(f->feed);
	f->feed = NULL;
	teller_free(f->teller);
	f->teller = NULL;
	source_close(f->source);
	f->source = NULL;
	packet_queue_done(&f->packets);
	g_queue_clear_full(&f->waiting, block_free);
	g_free(f->end_info);
	f->end_info = NULL;
}

/* Afterwards struct wtap is as the stock reader knows it. */
static void capture_close(struct wtap *wth)
{
	struct file *f = wth->priv;

	record_spool_free(f->spool);
	wth->priv = f->priv;
	if (f->close)
		f->close(wth);
	g_free(f);
}

static struct file *file_new(struct wtap *wth)
{
	struct file *f = g_new0(struct file, 1);

	packet_queue_init(&f->packets);
	g_queue_init(&f->waiting);
	f->interface = -1;
	if (wth->random_fh)
		f->spool = record_spool_new();
	return f;
}

/* ---- opening ---- */

/*
 * Programs that copy files without a look at what is in them (editcap, mergecap, reordercap: they
 * have no dissectors) get the blocks as they are, and so lose nothing. capinfos counts, and is told
 * the events.
 */
static bool copies_files(void)
{
	return !dlsym(RTLD_DEFAULT, "epan_init") &&
	       strcmp(program_invocation_short_name, "capinfos") != 0;
}

static wtap_open_routine_t stock_open(void)
{
	for (const struct open_info *o = open_routines; o->name; o++)
		if (!strcmp(o->name, "Wireshark/... - pcapng"))
			return o->open_routine;
	return NULL;
}

static wtap_open_return_val open_genuine(struct wtap *wth)
{
	static const struct source_options options;
	struct error words = {0};
	struct file *f;
	int fd = wth->pathname ? open(wth->pathname, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return WTAP_OPEN_NOT_MINE;
	f = file_new(wth);
	f->source = scap_reader_new(fd, wth->pathname, &options, &words);
	f->teller = f->source ? teller_new(f->source->schema) : NULL;
	if (!f->teller) {
		source_close(f->source);
		record_spool_free(f->spool);
		g_free(f);
		return WTAP_OPEN_NOT_MINE;
	}
	wth->priv = f;
	wth->subtype_read = genuine_read;
	wth->subtype_seek_read = capture_seek_read;
	wth->subtype_sequential_close = capture_sequential_close;
	wth->subtype_close = capture_close;
	wth->file_type_subtype = genuine_type;
	wth->file_encap = WTAP_ENCAP_WIRESHARK_UPPER_PDU;
	wth->file_tsprec = WTAP_TSPREC_NSEC;
	return WTAP_OPEN_MINE;
}

static wtap_open_return_val open_native(struct wtap *wth, int *err, gchar **err_info)
{
	wtap_open_routine_t stock = stock_open();
	wtap_open_return_val r = stock ? stock(wth, err, err_info) : WTAP_OPEN_NOT_MINE;
	struct file *f;

	if (r != WTAP_OPEN_MINE)
		return r;
	f = file_new(wth);
	f->read = wth->subtype_read;
	f->seek_read = wth->subtype_seek_read;
	f->sequential_close = wth->subtype_sequential_close;
	f->close = wth->subtype_close;
	f->priv = wth->priv;
	wth->priv = f;
	wth->subtype_read = capture_read;
	wth->subtype_seek_read = capture_seek_read;
	wth->subtype_sequential_close = capture_sequential_close;
	wth->subtype_close = capture_close;
	/* Events come beside packets of whatever kind. */
	if (wth->file_encap != WTAP_ENCAP_WIRESHARK_UPPER_PDU)
		wth->file_encap = WTAP_ENCAP_PER_PACKET;
	return r;
}

static wtap_open_return_val open_capture(struct wtap *wth, int *err, gchar **err_info)
{
	guint8 head[HEAD_LEN];
	int n;

	if (copies_files())
		return WTAP_OPEN_NOT_MINE;
	n = file_read(head, sizeof head, wth->fh);
	if (n < 28)
		return WTAP_OPEN_NOT_MINE;
	if (memcmp(head, "\x0a\x0d\x0d\x0a", 4) != 0)
		return WTAP_OPEN_NOT_MINE;
	if (!wth->ispipe && scap_reader_probe(head, (size_t)n))
		return open_genuine(wth);
	if (file_seek(wth->fh, 0, SEEK_SET, err) == -1)
		return WTAP_OPEN_ERROR;
	return open_native(wth, err, err_info);
}

static void register_files(void)
{
	static const struct supported_block_type blocks[] = {
	    {WTAP_BLOCK_PACKET, MULTIPLE_BLOCKS_SUPPORTED, NO_OPTIONS_SUPPORTED}};
	static const struct file_type_subtype_info genuine = {
	    .description = "sysdig and Falco captures of system calls",
	    .name = "genuine-scap",
	    .num_supported_blocks = 1,
	    .supported_blocks = blocks,
	};
	/* Wireshark keeps the address. */
	static struct open_info native = {.name = "scapkit captures of system calls",
					  .type = OPEN_INFO_MAGIC,
					  .open_routine = open_capture};

	genuine_type = wtap_register_file_type_subtype(&genuine);
	wtap_register_open_info(&native, TRUE);
}

PLUGIN_HEAD(PLUGIN_IS_FILE_TYPE)

void plugin_register(void)
{
	static wtap_plugin plugin = {.register_wtap_module = register_files};

	wtap_register_plugin(&plugin);
}
