#include "format/scap_batch.h"

#include <errno.h>
#include <stdlib.h>

/* Lengths take up to 6 bytes in a batch and at least 2 in a file, where texts of over 64 KiB are few. */
#define PAYLOAD_LEN (SCAP_WINDOW_LEN + (768u << 10))

#define N_SLOTS (2 * SCAP_BATCH_EVENTS)

struct scap_tids {
	uint16_t index_plus_1[N_SLOTS]; /* 0: free */
	uint16_t slot[SCAP_BATCH_EVENTS];
};

static inline uint16_t u16_at(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static inline uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static inline int64_t i64_at(const uint8_t *p)
{
	int64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

/* ---- types ---- */

static void plan_make(struct scap_plan *p, uint16_t type)
{
	const struct event_info *info = event_info_find(type);

	*p = (struct scap_plan){.result = -1, .fd = -1};
	if (!info)
		return;
	p->known = true;
	p->n_params = info->n_params;
	p->result = info->result_param;
	p->fd = info->fd_param;
	p->state = event_info_is_state(info);
	p->fork = strstr(info->name, "fork") || strncmp(info->name, "clone", 5) == 0;
	p->generic = type <= 1;
	p->paired = scap_is_paired(type);
	p->easy = scap_is_present(type, info->n_params) && !(info->traits & EF_LARGE_PAYLOAD);
	for (unsigned i = 0; i < info->n_params; i++) {
		p->size[i] = (uint8_t)param_type_size(info->params[i].type);
		if (p->size[i] || param_type_is_text(info->params[i].type))
			p->empty_is_absent |= 1u << i;
	}
}

/* ---- columns ---- */

static void load_times(struct scap_batch *sb)
{
	struct batch *b = &sb->batch;

	for (uint32_t i = 0; i < b->n_events; i++)
		b->time_ns[i] = scap_batch_time(sb, i);
	b->loaded |= COLUMN_TIME;
}

static uint16_t tid_index_new(struct scap_batch *sb, int64_t tid)
{
	struct batch *b = &sb->batch;
	struct scap_tids *t = sb->tids;
	uint32_t s = (uint32_t)(((uint64_t)tid * 0x9E3779B97F4A7C15u) >> 40) % N_SLOTS;

	for (; t->index_plus_1[s]; s = (s + 1) % N_SLOTS) {
		if (b->tids[t->index_plus_1[s] - 1] == tid)
			return t->index_plus_1[s] - 1;
	}
	t->slot[b->n_tids] = (uint16_t)s;
	b->tids[b->n_tids] = tid;
	t->index_plus_1[s] = (uint16_t)++b->n_tids;
	return (uint16_t)(b->n_tids - 1);
}

static void load_tids(struct scap_batch *sb)
{
	struct batch *b = &sb->batch;
	int64_t last = 0;
	uint16_t index = 0;

	for (uint32_t i = 0; i < b->n_events; i++) {
		int64_t tid = i64_at(sb->event[i] + SCAP_AT_TID);

		if (tid != last || i == 0)
			index = tid_index_new(sb, tid);
		last = tid;
		b->tid_index[i] = index;
	}
	b->loaded |= COLUMN_TID;
}

static inline struct scap_event view_at(const struct scap_batch *sb, uint32_t i)
{
	const uint8_t shape = sb->shape[i];
	struct scap_event ev = {.head = sb->event[i], .n_params = shape & SHAPE_PARAMS,
				.wide = shape & SHAPE_WIDE};

	ev.lens = ev.head + (shape & SHAPE_VERSION_1 ? SCAP_EVENT_1_LEN : SCAP_EVENT_2_LEN);
	ev.data = ev.lens + (size_t)ev.n_params * (ev.wide ? 4 : 2);
	return ev;
}

static inline uint32_t len_at(const struct scap_event *ev, unsigned i)
{
	return ev->wide ? u32_at(ev->lens + 4 * i) : u16_at(ev->lens + 2 * i);
}

static int64_t number_at(const uint8_t *p, unsigned size)
{
	return size == 8 ? i64_at(p) : size == 4 ? u32_at(p) : size == 2 ? u16_at(p) : *p;
}

static const struct scap_plan *plan_of(const struct scap_batch *sb, uint16_t type)
{
	static const struct scap_plan unknown = {.result = -1, .fd = -1};

	return type < SCAP_PLANS ? &sb->plans[type] : &unknown;
}

/* result, fd, absent, sysno and flags of one event. */
static void lay_out_one(struct scap_batch *sb, uint32_t i)
{
	struct batch *b = &sb->batch;
	const struct scap_plan *p = plan_of(sb, b->type[i]);
	const struct scap_event ev = view_at(sb, i);
	const unsigned n = ev.n_params < p->n_params ? ev.n_params : p->n_params;
	uint32_t absent = p->n_params < 32 ? (1u << p->n_params) - 1 : UINT32_MAX, at = 0;
	int64_t result = 0, fd = FD_NONE;

	absent = n < 32 ? absent >> n << n : 0;
	for (unsigned k = 0; k < n; k++) {
		uint32_t len = len_at(&ev, k);

		if (len == 0) {
			absent |= p->empty_is_absent & 1u << k;
		} else if (p->size[k] && len != p->size[k]) {
			absent |= 1u << k;
			sb->n_misfits++;
		} else if ((int)k == p->result) {
			result = number_at(ev.data + at, len);
		} else if ((int)k == p->fd) {
			fd = number_at(ev.data + at, len);
		}
		at += len;
	}
	b->result[i] = result;
	b->fd[i] = (int32_t)fd;
	b->absent[i] = absent;
	b->sysno[i] = SYSNO_NONE;
	b->payload_len[i] = b->payload_at[i] = 0;
	if (p->result < 0 || absent >> p->result & 1)
		b->flags[i] |= EVENT_NO_RESULT;
	/* No column holds such an fd, which only a damaged file has. */
	if (p->fd >= 0 && !(absent >> p->fd & 1) && (fd != (int32_t)fd || fd == FD_NONE))
		b->flags[i] |= EVENT_INLINE;
	if (p->fork && result == 0 && !(b->flags[i] & EVENT_NO_RESULT))
		b->flags[i] |= EVENT_CHILD_RETURN;
	if (p->generic && n == 2 && !(absent & 2))
		b->sysno[i] = u16_at(ev.data + at - 2);
}

static void lay_out(struct scap_batch *sb)
{
	struct batch *b = &sb->batch;

	for (uint32_t i = 0; i < b->n_events; i++)
		lay_out_one(sb, i);
	b->loaded |= COLUMN_RESULT | COLUMN_FD | COLUMN_ABSENT | COLUMN_SYSNO | COLUMN_FLAGS |
		     COLUMN_PAYLOAD_LEN;
}

/* ---- payload ---- */

static uint8_t *put_variable(uint8_t *to, const uint8_t *data, uint32_t len)
{
	uint16_t narrow = len < 0xFFFF ? (uint16_t)len : 0xFFFF;

	memcpy(to, &narrow, 2);
	to += 2;
	if (narrow == 0xFFFF) {
		memcpy(to, &len, 4);
		to += 4;
	}
	memcpy(to, data, len);
	return to + len;
}

static uint8_t *put_fixed(uint8_t *to, const uint8_t *data, unsigned size)
{
	switch (size) { /* copies of a known length, no calls */
	case 1: *to = *data; break;
	case 2: memcpy(to, data, 2); break;
	case 4: memcpy(to, data, 4); break;
	case 8: memcpy(to, data, 8); break;
	default: memcpy(to, data, size);
	}
	return to + size;
}

static uint8_t *put_params(const struct scap_batch *sb, uint32_t i, const struct scap_plan *p, uint8_t *to)
{
	const struct batch *b = &sb->batch;
	const struct scap_event ev = view_at(sb, i);
	const bool is_inline = b->flags[i] & EVENT_INLINE;
	const unsigned n = !p->known || ev.n_params < p->n_params ? ev.n_params : p->n_params;
	const uint8_t *data = ev.data;

	for (unsigned k = 0; k < n; k++) {
		uint32_t len = len_at(&ev, k);

		if (!(b->absent[i] >> k & 1) &&
		    (is_inline || ((int)k != p->result && (int)k != p->fd)))
			to = p->size[k] ? put_fixed(to, data, p->size[k]) : put_variable(to, data, len);
		data += len;
	}
	return to;
}

static void load_payload(struct scap_batch *sb, bool state)
{
	struct batch *b = &sb->batch;
	uint8_t *to = b->payload + b->payload_size;

	for (uint32_t i = 0; i < b->n_events; i++) {
		const struct scap_plan *p = plan_of(sb, b->type[i]);
		uint8_t *from = to;

		if (p->state != state)
			continue;
		to = put_params(sb, i, p, to);
		b->payload_at[i] = (uint32_t)(from - b->payload);
		b->payload_len[i] = (uint32_t)(to - from);
	}
	b->payload_size = (size_t)(to - b->payload);
	b->loaded |= state ? COLUMN_PAYLOAD_STATE : COLUMN_PAYLOAD_BULK;
}

static int batch_load(struct batch *b, unsigned columns, struct error *err)
{
	struct scap_batch *sb = b->owner;

	if (columns & COLUMN_TIME)
		load_times(sb);
	if (columns & COLUMN_TID)
		load_tids(sb);
	if (columns & ~(unsigned)(COLUMN_TIME | COLUMN_TID) && !(b->loaded & COLUMN_RESULT))
		lay_out(sb);
	if (columns & COLUMN_PAYLOAD_STATE)
		load_payload(sb, true);
	if (columns & COLUMN_PAYLOAD_BULK)
		load_payload(sb, false);
	return 0;
}

/* ---- batches ---- */

int scap_batch_init(struct scap_batch *sb, const struct schema *schema)
{
	*sb = (struct scap_batch){0};
	sb->event = malloc(SCAP_BATCH_EVENTS * sizeof *sb->event);
	sb->shape = malloc(SCAP_BATCH_EVENTS);
	sb->codes = malloc(SCAP_BATCH_EVENTS * sizeof *sb->codes);
	sb->tids = calloc(1, sizeof *sb->tids);
	sb->plans = calloc(SCAP_PLANS, sizeof *sb->plans);
	if (!sb->event || !sb->shape || !sb->codes || !sb->tids || !sb->plans || batch_alloc(&sb->batch) < 0 ||
	    !(sb->batch.payload = malloc(PAYLOAD_LEN)))
		return -ENOMEM;
	for (unsigned type = 0; type < SCAP_PLANS; type++)
		plan_make(&sb->plans[type], (uint16_t)type);
	sb->batch.schema = schema;
	sb->batch.load = batch_load;
	sb->batch.generic_code = sb->codes;
	return 0;
}

void scap_batch_done(struct scap_batch *sb)
{
	batch_release(&sb->batch);
	free(sb->event);
	free(sb->shape);
	free(sb->codes);
	free(sb->tids);
	free(sb->plans);
	*sb = (struct scap_batch){0};
}

void scap_batch_begin(struct scap_batch *sb)
{
	struct batch *b = &sb->batch;

	for (uint32_t i = 0; i < b->n_tids; i++)
		sb->tids->index_plus_1[sb->tids->slot[i]] = 0;
	b->n_events = b->n_tids = 0;
	b->payload_size = 0;
	b->loaded = 0;
	b->owner = sb;
	sb->any_flag = 0;
}

void scap_batch_end(struct scap_batch *sb, uint64_t first_number)
{
	struct batch *b = &sb->batch;

	b->first_number = first_number;
	b->none_hidden = !(sb->any_flag & EVENT_HIDDEN);
	b->loaded = COLUMN_TYPE | COLUMN_CPU | COLUMN_DURATION;
}
