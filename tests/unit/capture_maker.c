#include "tests/unit/capture_maker.h"

#include "format/event.h"

#include <arpa/inet.h>
#include <errno.h>

int maker_init(struct maker *m, const struct schema *schema)
{
	*m = (struct maker){.schema = schema, .time_ns = 1700000000000000000u, .step_ns = 1000};
	return batch_builder_init(&m->bb, schema);
}

void maker_done(struct maker *m)
{
	batch_builder_done(&m->bb);
	buffer_done(&m->payload);
}

static const struct maker_arg *arg_find(const struct maker_arg *args, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (args[i].name && !strcmp(args[i].name, name))
			return &args[i];
	return NULL;
}

static void put_param(struct buffer *b, const struct param_info *info, const struct maker_arg *arg)
{
	if (param_type_size(info->type)) {
		int64_t v = arg ? arg->number : 0;

		payload_append(b, info->type, &v, sizeof v);
	} else if (arg && arg->data) {
		payload_append(b, info->type, arg->data, arg->len);
	} else {
		payload_append(b, info->type, "", param_type_is_text(info->type) ? 1 : 0);
	}
}

int maker_add_args(struct maker *m, const char *name, const struct maker_event *event,
		   const struct maker_arg *args, size_t n)
{
	const struct event_info *info = event_info_by_name(name);
	const struct syscall_info *call = syscall_by_name(name);
	struct batch_row row = {
	    .time_ns = m->time_ns,
	    .duration_ns = event->duration_ns ? event->duration_ns : DURATION_NONE,
	    .tid = event->tid,
	    .result = event->result,
	    .fd = FD_NONE,
	    .cpu = event->cpu,
	    .flags = event->flags,
	    .sysno = call && call->number[ABI_X86_64] >= 0 ? (uint16_t)call->number[ABI_X86_64]
							   : SYSNO_NONE,
	    .absent = event->absent,
	};
	size_t n_used = 0;
	int r;

	if (!info)
		return -ENOENT;
	row.type = info->type;
	if (info->fd_param >= 0)
		row.fd = event->fd;
	if (info->result_param < 0)
		row.flags |= EVENT_NO_RESULT;
	buffer_clear(&m->payload);
	for (unsigned i = 0; i < info->n_params; i++) {
		const struct maker_arg *arg = arg_find(args, n, info->params[i].name);

		n_used += arg != NULL;
		if ((int)i != info->result_param && (int)i != info->fd_param &&
		    !(event->absent >> i & 1))
			put_param(&m->payload, &info->params[i], arg);
	}
	for (size_t i = 0; i < n; i++)
		n_used += args[i].name == NULL;
	if (n_used != n)
		return -ENOENT;
	row.payload = m->payload.data;
	row.payload_len = (uint32_t)m->payload.len;
	r = batch_builder_add(&m->bb, &row);
	if (r == 0)
		m->time_ns += m->step_ns;
	return r;
}

void maker_tuple(uint8_t out[13], uint32_t sip, uint16_t sport, uint32_t dip, uint16_t dport)
{
	sip = htonl(sip);
	dip = htonl(dip);
	out[0] = 2;
	memcpy(out + 1, &sip, 4);
	memcpy(out + 5, &sport, 2);
	memcpy(out + 7, &dip, 4);
	memcpy(out + 11, &dport, 2);
}
