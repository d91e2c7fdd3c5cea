/*
 * Network packets as pcapng, made of what calls say that programs sent and received (sinks/rebuild.h), for
 * Wireshark and all that reads its files.
 */
#include "filters/field.h"
#include "sinks/call_name.h"
#include "sinks/packet_look.h"
#include "sinks/pcapng_calls.h"
#include "sinks/pcapng_parts.h"
#include "sinks/sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { L4_IS_TCP = 2, L4_IS_UDP = 3 }; /* fd_info.l4proto */
enum { SHUT_IN = 0 };

struct pcapng_sink {
	struct sink sink;
	struct pcapng_file file;
	struct rebuild rebuild;
	struct net_calls calls;
	struct net_addresses addresses;
	struct pcapng_sink_report report, *ret_report;
	enum syscall_abi abi;
	bool has_section;
	struct buffer comment;
	struct pcapng_real real;
	struct pcapng_records unix_sockets;
};

static void section(struct pcapng_sink *s, const struct capture_info *info)
{
	s->has_section = true;
	pcapng_section(&s->file, info);
	s->rebuild.interface = pcapng_interface(&s->file, LINKTYPE_RAW, 0, "sockets",
						"rebuilt from what programs sent and received");
}

/* ---- what a call tells ---- */

/* Names are other people's bytes, and comments are UTF-8. */
static void append_name(struct buffer *b, const char *name)
{
	for (; *name; name++)
		buffer_u8(b, *name < 0x20 || *name == 0x7f || *name & 0x80 ? '?' : (uint8_t)*name);
}

static void told_by(struct pcapng_sink *s, struct event *ev, const struct state *st, int64_t fd, struct told *ret)
{
	const struct thread *t = st->now.thread;
	struct buffer *b = &s->comment;

	buffer_clear(b);
	append_name(b, t->comm[0] ? t->comm : "?");
	buffer_printf(b, " (pid %" PRId64, t->pid);
	if (t->tid != t->pid)
		buffer_printf(b, ", tid %" PRId64, t->tid);
	buffer_printf(b, ") fd %" PRId64 " ", fd);
	append_name(b, call_name(ev, s->abi));
	if (ev->has_result)
		buffer_printf(b, " = %" PRId64, ev->result);
	buffer_printf(b, ", event %" PRIu64, ev->number);
	*ret = (struct told){.time_ns = ev->time_ns, .begin_ns = ev->time_ns};
	if (ev->duration_ns != DURATION_NONE && ev->duration_ns < ev->time_ns)
		ret->begin_ns -= ev->duration_ns;
	if (!buffer_failed(b))
		ret->comment = (struct text){(const char *)b->data, (uint32_t)b->len};
}

/* The conversation between these ends, and which of them is ours. NULL: out of memory. */
static struct conversation *conversation_of(struct pcapng_sink *s, struct net_ends *ends, uint8_t protocol,
					    struct told *told)
{
	struct conversation_key key;

	net_ends_complete(&s->addresses, ends);
	told->side = conversation_key(&key, &ends->local, &ends->remote, ends->is_v6, protocol);
	return conversation_find(&s->rebuild.table, &key, s->rebuild.generation);
}

static int out_of_memory(struct error *err)
{
	return error_set(err, -ENOMEM, "out of memory");
}

/* ---- calls ---- */

static int take_stream(struct pcapng_sink *s, const struct net_call *call, struct event *ev, struct state *st,
		       const struct fd_info *fd, bool sent, struct error *err)
{
	struct conversation *c;
	struct bytes_told bytes;
	struct net_ends ends;
	struct told told;
	bool has_bytes = net_call_bytes(call, ev, &bytes);

	if (!net_ends_of_fd(fd, &ends)) {
		s->report.n_unknown += has_bytes && bytes.len;
		return 0;
	}
	if (!has_bytes && ev->result != -ECONNRESET)
		return 0;
	told_by(s, ev, st, fd->fd, &told);
	if (!(c = conversation_of(s, &ends, PROTOCOL_TCP, &told)))
		return out_of_memory(err);
	/* Of none asked for none come. */
	if (!has_bytes)
		rebuild_reset(&s->rebuild, c, &told);
	else if (bytes.len || (!sent && net_call_number(ev, call->size, 1) != 0))
		rebuild_stream(&s->rebuild, c, &told, sent, &bytes);
	return 0;
}

static int take_datagram(struct pcapng_sink *s, const struct net_call *call, struct event *ev, struct state *st,
			 const struct fd_info *fd, bool sent, struct error *err)
{
	struct conversation *c;
	struct bytes_told bytes;
	struct net_ends ends;
	struct told told;

	if (!net_call_bytes(call, ev, &bytes))
		return 0;
	if (call->several && ev->result > 1)
		s->report.n_more += (uint64_t)ev->result - 1;
	if (call->several && !ev->result)
		return 0;
	if (!net_ends_of_tuple(ev, call->tuple, !sent, &ends) && !net_ends_of_fd(fd, &ends)) {
		s->report.n_unknown++;
		return 0;
	}
	told_by(s, ev, st, fd->fd, &told);
	if (!(c = conversation_of(s, &ends, PROTOCOL_UDP, &told)))
		return out_of_memory(err);
	rebuild_datagram(&s->rebuild, c, &told, sent, &bytes);
	return 0;
}

static int take_bytes(struct pcapng_sink *s, const struct net_call *call, struct event *ev, struct state *st,
		      const struct fd_info *fd, bool sent, struct error *err)
{
	if (!fd || !ev->has_result)
		return 0;
	if (fd->type == FD_UNIX_SOCK && ev->result > 0) {
		/* What threads are may have changed by events that did not pass. */
		record_maker_changed(s->unix_sockets.maker);
		return pcapng_records_event(&s->unix_sockets, &s->file, ev, st, err);
	}
	if (fd->l4proto == L4_IS_TCP)
		return take_stream(s, call, ev, st, fd, sent, err);
	if (fd->l4proto == L4_IS_UDP)
		return take_datagram(s, call, ev, st, fd, sent, err);
	return 0;
}

/* connect, accept: the tuple is the call's own, for a connect that failed leaves none with its fd. */
static int take_beginning(struct pcapng_sink *s, const struct net_call *call, struct event *ev, struct state *st,
			  struct error *err)
{
	const bool accept = call->kind == NET_ACCEPT;
	const struct fd_info *fd = st->now.fd;
	struct conversation *c;
	struct net_ends ends;
	struct told told;

	if (!fd || !ev->has_result || (accept && ev->result < 0))
		return 0;
	/* Only TCP refuses; of a socket that is not connected the protocol is not told. */
	if (fd->l4proto != L4_IS_TCP && (accept || ev->result != -ECONNREFUSED || fd->l4proto == L4_IS_UDP))
		return 0;
	if (!net_ends_of_tuple(ev, call->tuple, accept, &ends))
		return 0;
	told_by(s, ev, st, fd->fd, &told);
	if (!(c = conversation_of(s, &ends, PROTOCOL_TCP, &told)))
		return out_of_memory(err);
	if (accept)
		rebuild_accept(&s->rebuild, c, &told);
	else
		rebuild_connect(&s->rebuild, c, &told, ev->result);
	return 0;
}

static int take_end(struct pcapng_sink *s, struct event *ev, struct state *st, const struct fd_info *fd,
		    bool for_all, struct error *err)
{
	struct conversation *c;
	struct net_ends ends;
	struct told told;

	if (!fd || fd->l4proto != L4_IS_TCP || !net_ends_of_fd(fd, &ends) || (ev->has_result && ev->result < 0))
		return 0;
	if (!for_all && net_is_held(st, st->now.thread, fd))
		return 0;
	told_by(s, ev, st, fd->fd, &told);
	if (!(c = conversation_of(s, &ends, PROTOCOL_TCP, &told)))
		return out_of_memory(err);
	rebuild_end(&s->rebuild, c, &told);
	return 0;
}

/* An exit closes what the process has open. */
static int take_exit(struct pcapng_sink *s, struct event *ev, struct state *st, struct error *err)
{
	const struct fd_info *fd;
	int r = 0;

	for (size_t i = 0; r == 0 && (fd = thread_fd_at(st->now.thread, &i));)
		r = take_end(s, ev, st, fd, false, err);
	return r;
}

/* Bytes that go from one fd to another and are seen by nobody. */
static int take_move(struct pcapng_sink *s, const struct net_call *call, struct event *ev, struct state *st,
		     struct error *err)
{
	int64_t from = net_call_number(ev, call->other, -1);
	int r = take_bytes(s, call, ev, st, st->now.fd, true, err);

	if (r == 0 && from >= 0)
		r = take_bytes(s, call, ev, st, thread_fd_find(st->now.thread, from), false, err);
	return r;
}

static int pcapng_event(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	struct pcapng_sink *s = (struct pcapng_sink *)sink;
	const struct net_call *call = net_call_find(&s->calls, ev->info);
	int r = 0;

	if (call->kind == NET_NOTHING || !st->now.thread || ev->flags & EVENT_UNFINISHED)
		return 0;
	if (!s->has_section)
		section(s, NULL);
	switch (call->kind) {
	case NET_READ:
	case NET_WRITE:
		r = take_bytes(s, call, ev, st, st->now.fd, call->kind == NET_WRITE, err);
		break;
	case NET_MOVE:
		r = take_move(s, call, ev, st, err);
		break;
	case NET_CONNECT:
	case NET_ACCEPT:
		r = take_beginning(s, call, ev, st, err);
		break;
	case NET_CLOSE:
		r = take_end(s, ev, st, st->now.fd, false, err);
		break;
	case NET_SHUTDOWN:
		if (net_call_number(ev, call->other, SHUT_IN) != SHUT_IN)
			r = take_end(s, ev, st, st->now.fd, true, err);
		break;
	case NET_EXIT:
		r = take_exit(s, ev, st, err);
		break;
	}
	return r < 0 ? r : pcapng_flush_some(&s->file, err);
}

/* ---- packets that were captured ---- */

/* As it is; the conversation that it is of needs no rebuilding. */
static int pcapng_take_packet(struct sink *sink, const struct packet *p, struct error *err)
{
	struct pcapng_sink *s = (struct pcapng_sink *)sink;
	struct conversation_key key;
	struct conversation *c;
	struct packet_view v;

	if (!s->has_section)
		section(s, NULL);
	pcapng_real_packet(&s->real, &s->file, p);
	packet_look(p, &v);
	if (v.has_ports) {
		conversation_key(&key, &v.from, &v.to, v.is_v6, v.protocol);
		if (!(c = conversation_find(&s->rebuild.table, &key, s->rebuild.generation)))
			return out_of_memory(err);
		c->real = true;
	}
	return pcapng_flush_some(&s->file, err);
}

/* ---- the rest ---- */

static int pcapng_capture(struct sink *sink, const struct capture_info *info, struct error *err)
{
	struct pcapng_sink *s = (struct pcapng_sink *)sink;

	memset(&s->calls, 0, sizeof s->calls);
	s->abi = call_abi(info);
	s->addresses.n = 0;
	s->rebuild.generation++;
	if (!s->has_section)
		section(s, info);
	return 0;
}

static int pcapng_state(struct sink *sink, const struct state_entry *entries, size_t n, struct error *err)
{
	struct pcapng_sink *s = (struct pcapng_sink *)sink;

	for (size_t i = 0; i < n; i++)
		if (entries[i].kind == ENTRY_INTERFACE)
			net_addresses_add(&s->addresses, &entries[i].interface);
		else if (entries[i].kind == ENTRY_RESET)
			s->addresses.n = 0;
	return 0;
}

static int pcapng_loss(struct sink *sink, const struct loss_entry *loss, struct error *err)
{
	if (loss_is_of_events(loss))
		((struct pcapng_sink *)sink)->rebuild.generation++;
	return 0;
}

static int pcapng_batch_end(struct sink *sink, struct batch *batch, struct error *err)
{
	return pcapng_flush(&((struct pcapng_sink *)sink)->file, err);
}

static int pcapng_finish(struct sink *sink, struct error *err)
{
	struct pcapng_sink *s = (struct pcapng_sink *)sink;

	if (!s->has_section)
		section(s, NULL);
	s->report.n_evicted = s->rebuild.table.n_evicted;
	s->report.n_packets = s->file.n_packets;
	s->report.is_whole = true;
	if (s->ret_report)
		*s->ret_report = s->report;
	return pcapng_flush(&s->file, err);
}

static void pcapng_free(struct sink *sink)
{
	struct pcapng_sink *s = (struct pcapng_sink *)sink;

	pcapng_file_done(&s->file);
	pcapng_records_done(&s->unix_sockets);
	conversations_done(&s->rebuild.table);
	buffer_done(&s->comment);
	free(s);
}

static const struct sink_ops pcapng_ops = {
	.name = "pcapng",
	.capture = pcapng_capture,
	.state = pcapng_state,
	.event = pcapng_event,
	.batch_end = pcapng_batch_end,
	.loss = pcapng_loss,
	.packet = pcapng_take_packet,
	.finish = pcapng_finish,
	.free = pcapng_free,
};

struct sink *sink_pcapng_new(int fd, struct pcapng_sink_report *report, struct error *err)
{
	struct pcapng_sink *s = calloc(1, sizeof *s);

	if (!s)
		goto fail;
	s->sink.ops = &pcapng_ops;
	s->sink.needs = RECORD_NEEDS;
	if (conversations_init(&s->rebuild.table) < 0 || pcapng_records_init(&s->unix_sockets, "unix sockets") < 0)
		goto fail;
	pcapng_file_init(&s->file, fd);
	s->rebuild.file = &s->file;
	s->ret_report = report;
	return &s->sink;

fail:
	if (s)
		pcapng_free(&s->sink);
	out_of_memory(err);
	return NULL;
}
