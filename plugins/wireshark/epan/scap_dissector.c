/*
 * The dissector "scap": records of events, as the file reader and scapkit's tools make them
 * (event_record.h).
 */
#include "format/batch.h"
#include "format/source.h"
#include "plugins/wireshark/epan/told.h"
#include "sinks/record_fields.h"

#include <stdlib.h>

int proto_scap = -1;
static int scap_tap = -1;
static int ett_scap = -1;
static int hf_process = -1, hf_target = -1, hf_stream = -1, hf_time = -1, hf_lost = -1,
	   hf_lost_class = -1, hf_lost_count = -1;
static expert_field ei_failed = EI_INIT, ei_slow = EI_INIT, ei_lost = EI_INIT, ei_damaged = EI_INIT;
static guint slow_ms = 100;
static ws_bool hand_on = TRUE;
static wmem_map_t *streams; /* "pid fd name" -> number + 1 */

static const value_string loss_classes[] = {
    {LOSS_STATE, "events that change processes or fds"},
    {LOSS_BULK, "other events"},
    {LOSS_TASK, "calls whose entry was not kept"},
    {LOSS_OVERSIZE, "events longer than the limit"},
    {LOSS_DISK, "writing was too slow"},
    {LOSS_DAMAGE, "damage in the file"},
    {LOSS_PACKETS, "network packets that came too fast"},
    {0, NULL},
};

/* ---- taking a record apart ---- */

static void take_param(struct told *told, struct cursor value)
{
	struct record_param *p = &told->params[told->n_params];

	if (told->n_params == EVENT_PARAMS_MAX || !record_param_take(&value, p)) {
		told->damaged = true;
		return;
	}
	if (p->type == PT_BYTEBUF && p->present && p->name_len == 4 &&
	    !memcmp(p->name, "data", 4) && told->head.traits & (EF_READS_FROM_FD | EF_WRITES_TO_FD))
		told->data_param = (int)told->n_params;
	told->n_params++;
}

/* As record_maker.c writes it. */
static bool loss_take(struct cursor *value, struct loss_entry *ret)
{
	ret->from_ns = cursor_u64(value);
	ret->to_ns = cursor_u64(value);
	ret->cpu = cursor_u32(value);
	ret->class = cursor_u32(value);
	ret->count = cursor_u64(value);
	return !cursor_failed(value);
}

static void take_loss(struct told *told, struct cursor value)
{
	struct loss_entry loss;

	if (!loss_take(&value, &loss))
		told->damaged = true;
	else if (loss_is_of_events(&loss))
		told->n_lost += loss.count;
	else
		told->n_lost_packets += loss.count;
}

/* "3 events and 5 network packets" */
static const char *lost_text(const struct told *told, packet_info *pinfo)
{
	wmem_strbuf_t *text = wmem_strbuf_new(pinfo->pool, "");

	if (told->n_lost || !told->n_lost_packets)
		wmem_strbuf_append_printf(text, "%" G_GUINT64_FORMAT " events", told->n_lost);
	if (told->n_lost_packets)
		wmem_strbuf_append_printf(text, "%s%" G_GUINT64_FORMAT " network packets", told->n_lost ? " and " : "",
					  told->n_lost_packets);
	return wmem_strbuf_finalize(text);
}

static void take_item(struct told *told, const struct record_item *item, packet_info *pinfo)
{
	struct cursor value = item->value;
	int pick = item->tag & RECORD_FIELD ? scap_field_pick(item->tag) : -1;

	if (item->tag == RECORD_NAME)
		told->name = wmem_strndup(pinfo->pool, (const char *)value.at, cursor_left(&value));
	else if (item->tag == RECORD_PARAM)
		take_param(told, value);
	else if (item->tag == RECORD_LOST)
		take_loss(told, value);
	else if (pick >= 0 && !record_value_take(&value, &told->picks[pick]))
		told->picks[pick].kind = VALUE_NONE;
}

static bool take_record(struct told *told, struct cursor c, packet_info *pinfo)
{
	struct record_item item;
	int r;

	memset(told, 0, sizeof *told);
	told->bytes = c.at;
	told->name = "";
	told->data_param = -1;
	if (!record_head_take(&c, &told->head))
		return false;
	while ((r = record_item_next(&c, &item)) > 0 && item.tag != RECORD_REST)
		take_item(told, &item, pinfo);
	told->damaged |= r < 0;
	return true;
}

static const char *pick_text(const struct told *told, enum told_pick pick, packet_info *pinfo)
{
	const struct value *v = &told->picks[pick];

	return v->kind == VALUE_TEXT ? wmem_strndup(pinfo->pool, v->text.data, v->text.len) : "";
}

static gint64 pick_number(const struct told *told, enum told_pick pick, gint64 otherwise)
{
	return told->picks[pick].kind == VALUE_INT || told->picks[pick].kind == VALUE_UINT
		   ? told->picks[pick].i
		   : otherwise;
}

/* ---- what follows from it ---- */

static guint32 stream_of(const struct scap_tap *tap, gint64 pid, gint64 fd, packet_info *pinfo)
{
	const char *key = wmem_strdup_printf(
	    pinfo->pool, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s", pid, fd, tap->fd);
	guint n = GPOINTER_TO_UINT(wmem_map_lookup(streams, key));

	if (!n) {
		n = wmem_map_size(streams) + 1;
		wmem_map_insert(streams, wmem_strdup(wmem_file_scope(), key), GUINT_TO_POINTER(n));
	}
	return n - 1;
}

guint32 scap_stream_count(void)
{
	return wmem_map_size(streams);
}

static struct scap_tap *tap_make(const struct told *told, packet_info *pinfo)
{
	const struct record_head *h = &told->head;
	struct scap_tap *tap = wmem_new0(pinfo->pool, struct scap_tap);
	gint64 pid = pick_number(told, TOLD_PROC_PID, h->tid);
	gint64 fd = pick_number(told, TOLD_FD_NUM, -1);
	const char *comm = pick_text(told, TOLD_PROC_NAME, pinfo);

	tap->name = told->name;
	tap->type = h->type;
	tap->process = wmem_strdup_printf(pinfo->pool, "%s (%" G_GINT64_FORMAT ")",
					  comm[0] ? comm : "<NA>", pid);
	tap->fd = pick_text(told, TOLD_FD_NAME, pinfo);
	if (!tap->fd[0] && fd >= 0)
		tap->fd = wmem_strdup_printf(pinfo->pool, "fd %" G_GINT64_FORMAT, fd);
	tap->reads = h->traits & EF_READS_FROM_FD;
	tap->writes = h->traits & EF_WRITES_TO_FD;
	tap->result = h->result;
	tap->failed = h->result < 0 && h->result_param >= 0 &&
		      !(h->flags & (EVENT_NO_RESULT | EVENT_UNFINISHED)) &&
		      !(h->absent >> (h->result_param & 31) & 1);
	tap->has_duration = h->duration_ns != DURATION_NONE;
	tap->duration_ns = tap->has_duration ? h->duration_ns : 0;
	tap->stream = SCAP_NO_STREAM;
	if ((tap->reads || tap->writes) && fd >= 0 && !tap->failed)
		tap->stream = stream_of(tap, pid, fd, pinfo);
	if (tap->reads || tap->writes)
		tap->io_len = h->result > 0 && h->result <= G_MAXINT32 && !tap->failed
				  ? (guint32)h->result
				  : 0;
	if (told->data_param >= 0) {
		tap->data = told->params[told->data_param].data;
		tap->data_len = told->params[told->data_param].data_len;
	}
	return tap;
}

/* "fd=3(<f>/etc/hosts) name=/etc/hosts" */
static const char *args_text(const struct told *told, packet_info *pinfo)
{
	wmem_strbuf_t *text = wmem_strbuf_new(pinfo->pool, "");

	for (unsigned i = 0; i < told->n_params; i++) {
		const struct record_param *p = &told->params[i];

		if (i)
			wmem_strbuf_append_c(text, ' ');
		wmem_strbuf_append_len(text, p->name, p->name_len);
		wmem_strbuf_append_c(text, '=');
		wmem_strbuf_append_len(text, p->text, p->text_len);
	}
	return wmem_strbuf_finalize(text);
}

static bool is_enter(const struct record_head *h)
{
	return (h->type < EVENT_TYPE_OWN && !(h->type & 1)) || h->flags & EVENT_UNFINISHED;
}

static void columns_fill(const struct told *told, const struct scap_tap *tap, const char *text,
			 packet_info *pinfo)
{
	col_set_str(pinfo->cinfo, COL_PROTOCOL, "SCAP");
	col_clear(pinfo->cinfo, COL_INFO);
	if (told->head.kind == RECORD_LOSS) {
		col_add_fstr(pinfo->cinfo, COL_INFO, "%s lost", lost_text(told, pinfo));
		return;
	}
	set_address(&pinfo->src, AT_STRINGZ, (int)strlen(tap->process) + 1, tap->process);
	if (tap->fd[0])
		set_address(&pinfo->dst, AT_STRINGZ, (int)strlen(tap->fd) + 1, tap->fd);
	/* A column has room for a few thousand bytes; a terminal is not to be told what to do. */
	col_add_fstr(pinfo->cinfo, COL_INFO, "%c %s %s", is_enter(&told->head) ? '>' : '<',
		     tap->name, format_text(pinfo->pool, (const void *)text, strnlen(text, 2048)));
}

/* ---- the tree ---- */

static void experts_add(const struct told *told, const struct scap_tap *tap, packet_info *pinfo,
			proto_item *item)
{
	if (tap->failed)
		expert_add_info_format(pinfo, item, &ei_failed, "%s failed: %s", tap->name,
				       scap_error_name(tap));
	if (tap->has_duration && !(told->head.traits & EF_WAITS) &&
	    tap->duration_ns / 1000000 >= slow_ms)
		expert_add_info_format(pinfo, item, &ei_slow, "%s took %.3f ms", tap->name,
				       (double)tap->duration_ns / 1e6);
	if (told->n_lost || told->n_lost_packets)
		expert_add_info_format(pinfo, item, &ei_lost, "%s were lost before this", lost_text(told, pinfo));
	if (told->damaged)
		expert_add_info(pinfo, item, &ei_damaged);
}

static void losses_add(proto_tree *tree, tvbuff_t *tvb, struct cursor value, int at)
{
	struct loss_entry loss;

	if (!loss_take(&value, &loss))
		return;
	proto_tree_add_uint(tree, hf_lost_class, tvb, at + 20, 4, loss.class);
	proto_tree_add_uint64(tree, hf_lost_count, tvb, at + 24, 8, loss.count);
}

static void items_add(struct scap_tree *t, const struct told *told, int len)
{
	struct cursor c = cursor_over(told->bytes + RECORD_HEAD, (size_t)len - RECORD_HEAD);
	struct record_item item;
	struct value v;

	while (record_item_next(&c, &item) > 0) {
		int at = (int)(item.value.at - told->bytes), n = (int)cursor_left(&item.value);

		if (item.tag == RECORD_LOST)
			losses_add(t->top, t->tvb, item.value, at);
		else if (item.tag & RECORD_FIELD && record_value_take(&item.value, &v))
			scap_field_add(t, item.tag, &v, at, n);
	}
}

static void event_add(struct scap_tree *t, const struct told *told, const struct scap_tap *tap,
		      const char *text)
{
	nstime_t took = {(time_t)(tap->duration_ns / 1000000000),
			 (int)(tap->duration_ns % 1000000000)};

	proto_item_set_generated(
	    proto_tree_add_string(t->top, hf_process, t->tvb, 0, 0, tap->process));
	if (tap->fd[0])
		proto_item_set_generated(
		    proto_tree_add_string(t->top, hf_target, t->tvb, 0, 0, tap->fd));
	if (tap->stream != SCAP_NO_STREAM)
		proto_item_set_generated(
		    proto_tree_add_uint(t->top, hf_stream, t->tvb, 0, 0, tap->stream));
	if (tap->has_duration)
		proto_item_set_generated(proto_tree_add_time(t->top, hf_time, t->tvb, 0, 0, &took));
	scap_text_add(t, "evt.type", told->name);
	if (told->head.type >= EVENT_TYPE_OWN || told->head.category & EC_SYSCALL)
		scap_text_add(t, "syscall.type", told->name);
	scap_fields_add_head(t, told);
	scap_text_add(t, "evt.args", text);
	scap_text_add(t, "evt.info", text);
	for (unsigned i = 0; i < told->n_params; i++)
		scap_param_add(t, told, i);
	if (told->data_param >= 0) {
		const struct record_param *p = &told->params[told->data_param];

		scap_bytes_add(t, "evt.buffer", (int)(p->data - told->bytes), (int)p->data_len);
	}
}

static void tree_fill(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct told *told,
		      const struct scap_tap *tap, const char *text)
{
	int len = (int)tvb_captured_length(tvb);
	proto_item *item = proto_tree_add_item(tree, proto_scap, tvb, 0, len, ENC_NA);
	struct scap_tree t = {
	    .tvb = tvb, .pinfo = pinfo, .top = proto_item_add_subtree(item, ett_scap)};

	if (told->head.kind == RECORD_LOSS) {
		proto_item_append_text(item, ", %s lost", lost_text(told, pinfo));
		proto_item_set_generated(
		    proto_tree_add_uint64(t.top, hf_lost, tvb, 0, 0, told->n_lost));
	} else {
		proto_item_append_text(item, ", %s %s", tap->process, tap->name);
		event_add(&t, told, tap, text);
	}
	items_add(&t, told, len);
	experts_add(told, tap, pinfo, item);
}

static int dissect_scap(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
	int len = (int)tvb_captured_length(tvb);
	struct told *told = wmem_new(pinfo->pool, struct told);
	struct scap_tap *tap;
	const char *text;

	if (!take_record(told, cursor_over(tvb_get_ptr(tvb, 0, len), (size_t)len), pinfo))
		return 0;
	tap = tap_make(told, pinfo);
	text = args_text(told, pinfo);
	columns_fill(told, tap, text, pinfo);
	if (tree)
		tree_fill(tvb, pinfo, tree, told, tap, text);
	else
		experts_add(told, tap, pinfo, NULL);
	if (told->head.kind != RECORD_EVENT)
		return len;
	p_add_proto_data(pinfo->pool, pinfo, proto_scap, 0, tap);
	/* Other dissectors may end in ways that let no taps be told afterwards. */
	tap_queue_packet(scap_tap, pinfo, tap);
	if (hand_on)
		scap_payload_dissect(tvb, pinfo, tree, told);
	return len;
}

/* ---- registration ---- */

static void register_protocol(void)
{
	static hf_register_info hf[] = {
	    {&hf_process,
	     {"Process", "scap.process", FT_STRING, BASE_NONE, NULL, 0,
	      "Name and id of the process", HFILL}},
	    {&hf_target,
	     {"Works on", "scap.target", FT_STRING, BASE_NONE, NULL, 0,
	      "Name of the file descriptor that it is about", HFILL}},
	    {&hf_stream,
	     {"Stream", "scap.stream", FT_UINT32, BASE_DEC, NULL, 0,
	      "All that is read and written through one descriptor", HFILL}},
	    {&hf_time,
	     {"Time in the call", "scap.time", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
	      "From the entry of the call to its return", HFILL}},
	    {&hf_lost, {"Events lost", "scap.lost", FT_UINT64, BASE_DEC, NULL, 0, NULL, HFILL}},
	    {&hf_lost_class,
	     {"Lost", "scap.lost.class", FT_UINT32, BASE_DEC, VALS(loss_classes), 0,
	      "What was lost", HFILL}},
	    {&hf_lost_count,
	     {"Lost events", "scap.lost.count", FT_UINT64, BASE_DEC, NULL, 0, "How many were lost",
	      HFILL}},
	};
	static ei_register_info ei[] = {
	    {&ei_failed, {"scap.failed", PI_RESPONSE_CODE, PI_NOTE, "The call failed", EXPFILL}},
	    {&ei_slow, {"scap.slow", PI_RESPONSE_CODE, PI_NOTE, "The call took long", EXPFILL}},
	    {&ei_lost,
	     {"scap.lost.before", PI_SEQUENCE, PI_WARN, "Events were lost before this", EXPFILL}},
	    {&ei_damaged,
	     {"scap.damaged", PI_MALFORMED, PI_ERROR, "The record is damaged", EXPFILL}},
	};
	static int *ett[] = {&ett_scap};
	module_t *prefs;

	proto_scap = proto_register_protocol("System call (scapkit)", "SCAP", "scap");
	proto_register_field_array(proto_scap, hf, G_N_ELEMENTS(hf));
	proto_register_subtree_array(ett, G_N_ELEMENTS(ett));
	expert_register_field_array(expert_register_protocol(proto_scap), ei, G_N_ELEMENTS(ei));
	scap_fields_register();
	register_dissector(RECORD_DISSECTOR, dissect_scap, proto_scap);
	scap_tap = register_tap(SCAP_TAP);
	streams =
	    wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), g_str_hash, g_str_equal);
	prefs = prefs_register_protocol(proto_scap, NULL);
	prefs_register_uint_preference(
	    prefs, "slow", "Slow calls (ms)",
	    "Calls that took as long, and that are not made for waiting, are noted", 10, &slow_ms);
	prefs_register_bool_preference(prefs, "payload", "Dissect what is said over sockets",
				       "Hands data of sockets to the dissector of their port",
				       &hand_on);
	scap_taps_register();
}

/* With the first file: before, Wireshark does not know yet what can be expanded. */
static void expand_once(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	tree_expanded_set(ett_scap, TRUE);
	scap_fields_expand();
}

static void register_handoff(void)
{
	static bool done; /* called again whenever a preference changes */

	if (done)
		return;
	done = true;
	scap_fields_register_aliases();
	register_init_routine(expand_once);
	scap_payload_register();
}

PLUGIN_HEAD(PLUGIN_IS_DISSECTOR)

void plugin_register(void)
{
	static proto_plugin plugin = {.register_protoinfo = register_protocol,
				      .register_handoff = register_handoff};

	proto_register_plugin(&plugin);
}
