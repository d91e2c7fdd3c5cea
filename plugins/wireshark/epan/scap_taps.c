/* Conversations and endpoints, follow, response times, the statistics tree. */
#include "format/schema.h"
#include "plugins/wireshark/epan/told.h"

#include <string.h>

static guint16 row_of[EVENT_TYPE_MAX]; /* of the table of response times, + 1 */
static int n_rows;
static int node_calls = -1, node_processes = -1, node_errors = -1;

/* ---- conversations: a process and an fd ---- */

static const char *conversation_filter(conv_item_t *conv, conv_filter_type_e filter)
{
	return filter == CONV_FT_SRC_ADDRESS   ? "scap.process"
	       : filter == CONV_FT_DST_ADDRESS ? "scap.target"
					       : CONV_FILTER_INVALID;
}
static ct_dissector_info_t conversation_info = {conversation_filter};

static const char *endpoint_filter(endpoint_item_t *endpoint, conv_filter_type_e filter)
{
	return CONV_FILTER_INVALID;
}
static et_dissector_info_t endpoint_info = {endpoint_filter};

/* Bytes that were read went from the fd to the process. */
static void addresses_of(const struct scap_tap *tap, address *process, address *fd)
{
	set_address(process, AT_STRINGZ, (int)strlen(tap->process) + 1, tap->process);
	set_address(fd, AT_STRINGZ, (int)strlen(tap->fd) + 1, tap->fd);
}

static tap_packet_status conversation_packet(void *data, packet_info *pinfo, epan_dissect_t *edt,
					     const void *of, tap_flags_t flags)
{
	const struct scap_tap *tap = of;
	conv_hash_t *hash = data;
	address process, fd;

	if (!tap->fd[0])
		return TAP_PACKET_DONT_REDRAW;
	hash->flags = flags;
	addresses_of(tap, &process, &fd);
	add_conversation_table_data(hash, tap->reads ? &fd : &process, tap->reads ? &process : &fd,
				    0, 0, 1, (int)tap->io_len, &pinfo->rel_ts, &pinfo->abs_ts,
				    &conversation_info, CONVERSATION_NONE);
	return TAP_PACKET_REDRAW;
}

static tap_packet_status endpoint_packet(void *data, packet_info *pinfo, epan_dissect_t *edt,
					 const void *of, tap_flags_t flags)
{
	const struct scap_tap *tap = of;
	conv_hash_t *hash = data;
	address process, fd;

	hash->flags = flags;
	addresses_of(tap, &process, &fd);
	add_endpoint_table_data(hash, &process, 0, !tap->reads, 1, (int)tap->io_len, &endpoint_info,
				ENDPOINT_NONE);
	if (tap->fd[0])
		add_endpoint_table_data(hash, &fd, 0, tap->reads, 1, (int)tap->io_len,
					&endpoint_info, ENDPOINT_NONE);
	return TAP_PACKET_REDRAW;
}

/* ---- follow: what was read and written through one fd ---- */

static gchar *follow_of_packet(epan_dissect_t *edt, packet_info *pinfo, guint *stream,
			       guint *sub_stream)
{
	const struct scap_tap *tap = p_get_proto_data(pinfo->pool, pinfo, proto_scap, 0);

	if (!tap || tap->stream == SCAP_NO_STREAM)
		return NULL;
	*stream = tap->stream;
	return g_strdup_printf("scap.stream eq %u", tap->stream);
}

static gchar *follow_of_index(guint stream, guint sub_stream)
{
	return g_strdup_printf("scap.stream eq %u", stream);
}

/* Ends are no network addresses: only the number names a stream. */
static gchar *follow_of_address(address *src, address *dst, int src_port, int dst_port)
{
	return g_strdup("scap.stream");
}

static gchar *follow_port(wmem_allocator_t *allocator, guint port)
{
	return wmem_strdup_printf(allocator, "%u", port);
}

static tap_packet_status follow_packet(void *data, packet_info *pinfo, epan_dissect_t *edt,
				       const void *of, tap_flags_t flags)
{
	const struct scap_tap *tap = of;
	follow_info_t *info = data;
	follow_record_t *record;

	if (tap->stream == SCAP_NO_STREAM || !tap->data_len)
		return TAP_PACKET_DONT_REDRAW;
	if (!info->client_ip.type) {
		address process, fd;

		addresses_of(tap, &process, &fd);
		copy_address(&info->client_ip, &process);
		copy_address(&info->server_ip, &fd);
	}
	record = g_new0(follow_record_t, 1);
	record->is_server = tap->reads;
	record->packet_num = pinfo->num;
	record->abs_ts = pinfo->abs_ts;
	record->data = g_byte_array_append(g_byte_array_new(), tap->data, tap->data_len);
	info->bytes_written[record->is_server] += tap->data_len;
	info->payload = g_list_prepend(info->payload, record);
	return TAP_PACKET_DONT_REDRAW;
}

/* ---- response times ---- */

static void times_init(struct register_srt *srt, GArray *tables)
{
	srt_stat_table *table =
	    init_srt_table("System calls", NULL, tables, n_rows, "Call", "scap.evt.type", NULL);
	const struct event_info *e;

	for (size_t i = 0; (e = event_info_at(i)); i++)
		if (row_of[e->type])
			init_srt_table_row(table, row_of[e->type] - 1, e->name);
}

static tap_packet_status times_packet(void *data, packet_info *pinfo, epan_dissect_t *edt,
				      const void *of, tap_flags_t flags)
{
	const struct scap_tap *tap = of;
	const srt_data_t *srt = data;
	nstime_t took, began;

	if (!tap->has_duration || tap->type >= EVENT_TYPE_MAX || !row_of[tap->type])
		return TAP_PACKET_DONT_REDRAW;
	took.secs = (time_t)(tap->duration_ns / 1000000000);
	took.nsecs = (int)(tap->duration_ns % 1000000000);
	nstime_delta(&began, &pinfo->abs_ts, &took);
	add_srt_table_data(g_array_index(srt->srt_array, srt_stat_table *, 0),
			   row_of[tap->type] - 1, &began, pinfo);
	return TAP_PACKET_REDRAW;
}

/* ---- the tree ---- */

static void tree_init(stats_tree *st)
{
	node_calls = stats_tree_create_node(st, "Calls", 0, STAT_DT_INT, TRUE);
	node_processes = stats_tree_create_node(st, "Processes", 0, STAT_DT_INT, TRUE);
	node_errors = stats_tree_create_node(st, "Errors", 0, STAT_DT_INT, TRUE);
}

static tap_packet_status tree_packet(stats_tree *st, packet_info *pinfo, epan_dissect_t *edt,
				     const void *of, tap_flags_t flags)
{
	const struct scap_tap *tap = of;
	int process;

	tick_stat_node(st, "Calls", 0, FALSE);
	tick_stat_node(st, tap->name, node_calls, FALSE);
	tick_stat_node(st, "Processes", 0, FALSE);
	process = tick_stat_node(st, tap->process, node_processes, TRUE);
	tick_stat_node(st, tap->name, process, FALSE);
	if (tap->failed) {
		tick_stat_node(st, "Errors", 0, FALSE);
		process = tick_stat_node(st, scap_error_name(tap), node_errors, TRUE);
		tick_stat_node(st, tap->name, process, FALSE);
	}
	return TAP_PACKET_REDRAW;
}

void scap_taps_register(void)
{
	const struct event_info *e;

	for (size_t i = 0; (e = event_info_at(i)); i++)
		if (!event_info_is_enter(e))
			row_of[e->type] = (guint16)++n_rows;
	register_conversation_table(proto_scap, TRUE, conversation_packet, endpoint_packet);
	REGISTER_FOLLOW(proto_scap, SCAP_TAP, follow_of_packet, follow_of_index, follow_of_address,
			follow_port, follow_packet, scap_stream_count);
	register_srt_table(proto_scap, SCAP_TAP, 1, times_packet, times_init, NULL);
	stats_tree_register_plugin(SCAP_TAP, "scap", "System calls", 0, tree_packet, tree_init,
				   NULL);
}
