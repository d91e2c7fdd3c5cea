#include "format/scap_scan.h"
#include "format/scap_state.h"
#include "format/wire.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

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

int scap_scan_init(struct scap_scan *s, const struct schema *schema)
{
	*s = (struct scap_scan){0};
	if (scap_batch_init(&s->batch, schema) < 0 || scap_converter_init(&s->converter) < 0)
		return -ENOMEM;
	return 0;
}

void scap_scan_done(struct scap_scan *s)
{
	scap_batch_done(&s->batch);
	scap_converter_done(&s->converter);
}

/* ---- damage ---- */

/* 1: to be told now; 0: there were enough of these. */
static int note_words(struct scap_scan *s, int code, uint64_t offset, const char *format, va_list ap)
{
	char words[ERROR_TEXT_MAX / 2];

	if (s->n_told >= SCAP_TOLD_MAX) {
		s->n_untold++;
		return 0;
	}
	vsnprintf(words, sizeof words, format, ap);
	s->n_told++;
	error_clear(&s->damage);
	error_set_at(&s->damage, code, offset, "event at offset %llu: %s", (unsigned long long)offset, words);
	return 1;
}

__attribute__((format(printf, 4, 5))) static int note(struct scap_scan *s, int code, uint64_t offset,
						       const char *format, ...)
{
	va_list ap;
	int r;

	va_start(ap, format);
	r = note_words(s, code, offset, format, ap);
	va_end(ap);
	return r;
}

/* The same, and the event is lost. */
__attribute__((format(printf, 4, 5))) static int bad_event(struct scap_scan *s, int code, uint64_t offset,
							    const char *format, ...)
{
	va_list ap;
	int r;

	s->n_bad++;
	va_start(ap, format);
	r = note_words(s, code, offset, format, ap);
	va_end(ap);
	return r;
}

/* ---- one event ---- */

/* An event block's form, by its code. */
struct form {
	bool version_1, has_flags;
};

static bool form_find(uint32_t type, struct form *ret)
{
	*ret = (struct form){0};
	switch (type >= 0x80000000u ? scap_block_code(type) : type) {
	case SCAP_EVENT_1:
		ret->version_1 = true;
		return true;
	case SCAP_EVENT_FLAGS_1:
		ret->version_1 = ret->has_flags = true;
		return true;
	case SCAP_EVENT_2:
	case SCAP_EVENT_LARGE:
		return true;
	case SCAP_EVENT_FLAGS_2:
	case SCAP_EVENT_FLAGS_LARGE:
		ret->has_flags = true;
		return true;
	default:
		return false;
	}
}

static uint64_t sum_lens(const uint8_t *lens, uint32_t n, bool wide)
{
	uint64_t sum = 0;

	if (wide) {
		for (uint32_t i = 0; i < n; i++)
			sum += u32_at(lens + 4 * i);
	} else {
		for (uint32_t i = 0; i < n; i++)
			sum += u16_at(lens + 2 * i);
	}
	return sum;
}

/*
 * Version 1 does not say how many parameters there are: as many as make the lengths come out even. Each
 * takes at least its length's bytes, so there is one such number, or none (-1).
 */
static int params_guess(const uint8_t *event, uint32_t len, const struct event_info *info, bool wide)
{
	const unsigned width = wide ? 4 : 2;
	uint64_t sum = SCAP_EVENT_1_LEN;
	unsigned n = 0;

	while (info && n < info->n_params && sum < len && SCAP_EVENT_1_LEN + (n + 1) * width <= len) {
		const uint8_t *at = event + SCAP_EVENT_1_LEN + n * width;

		sum += width + (wide ? u32_at(at) : u16_at(at));
		n++;
	}
	return sum == len || !info ? (int)n : -1;
}

/* Finds the parameters of the event at p, which has room bytes. 0, or 1: damage that is to be told, -1: not. */
static int view_make(struct scap_scan *s, const uint8_t *p, uint32_t room, bool version_1, uint64_t offset,
		     struct scap_event *ret)
{
	const uint32_t head_len = version_1 ? SCAP_EVENT_1_LEN : SCAP_EVENT_2_LEN;
	const struct event_info *info;
	uint32_t len, n;
	uint64_t sum;

	*ret = (struct scap_event){.head = p, .lens = p + head_len};
	if (room < head_len)
		return bad_event(s, -EBADMSG, offset, "its block is too short for one") ? 1 : -1;
	len = u32_at(p + SCAP_AT_LEN);
	ret->type = u16_at(p + SCAP_AT_TYPE);
	info = event_info_find(ret->type);
	ret->wide = info && info->traits & EF_LARGE_PAYLOAD;
	if (version_1 && (ret->type == 280 || ret->type == 286) && len > 3)
		len -= 3; /* notifications were written with a length that is 3 too large */
	if (len < head_len || len > room)
		return bad_event(s, -EBADMSG, offset, "its length %u does not fit its block", len) ? 1 : -1;
	if (version_1) {
		int guess = params_guess(p, len, info, ret->wide);

		if (guess < 0)
			return bad_event(s, -EBADMSG, offset, "its parameters do not add up to its length")
				       ? 1 : -1;
		n = (uint32_t)guess;
	} else {
		n = u32_at(p + SCAP_AT_PARAMS);
	}
	if (n > EVENT_PARAMS_MAX)
		return bad_event(s, -EBADMSG, offset, "it has %u parameters, more than %u", n,
				 EVENT_PARAMS_MAX) ? 1 : -1;
	ret->n_params = (uint8_t)n;
	ret->data = ret->lens + (size_t)n * (ret->wide ? 4 : 2);
	if (head_len + n * (ret->wide ? 4 : 2) > len)
		return bad_event(s, -EBADMSG, offset, "its parameters exceed it") ? 1 : -1;
	sum = sum_lens(ret->lens, n, ret->wide);
	if (sum > len - head_len - n * (ret->wide ? 4 : 2))
		return bad_event(s, -EBADMSG, offset, "its parameters exceed it") ? 1 : -1;
	ret->data_len = (uint32_t)sum;
	return 0;
}

/* What writers put in front of a capture to describe users, groups and containers. */
static bool is_initial(uint16_t type)
{
	switch (type) {
	case 228: /* container, in its versions */
	case 272:
	case 324:
	case 354: /* user and group, added and deleted */
	case 356:
	case 358:
	case 360:
	case 402: /* asynchronous events of plugins */
		return true;
	default:
		return false;
	}
}

static uint32_t len_0(const struct scap_event *ev)
{
	return ev->wide ? u32_at(ev->lens) : u16_at(ev->lens);
}

static void take(struct scap_scan *s, struct source_stats *stats, const struct scap_event *ev,
		 bool version_1, uint16_t cpu, uint16_t flags, uint64_t duration_ns)
{
	uint8_t shape = ev->n_params | (version_1 ? SHAPE_VERSION_1 : 0) | (ev->wide ? SHAPE_WIDE : 0);

	if (!s->started && !s->raw_events) {
		if (is_initial(ev->type))
			flags |= EVENT_HIDDEN;
		else
			s->started = true;
	}
	scap_batch_add(&s->batch, ev->head, ev->type, shape, cpu, flags, duration_ns);
	if (ev->type <= 1)
		s->batch.codes[s->batch.batch.n_events - 1] = ev->n_params && len_0(ev) == 2 ? u16_at(ev->data) : UINT16_MAX;
	stats->n_types[ev->type]++;
	stats->n_hidden += (flags & EVENT_HIDDEN) != 0;
}

/*
 * Any event, whatever its form. 0, 1: damage that is to be told, negative errno: memory is out.
 */
static int take_any(struct scap_scan *s, struct source_stats *stats, const uint8_t *block, uint32_t total,
		    const struct form *form, uint64_t offset, struct error *err)
{
	const uint32_t front = SCAP_BLOCK_HEAD + 2 + (form->has_flags ? 4 : 0);
	const uint16_t cpu = u16_at(block + SCAP_BLOCK_HEAD);
	struct scap_converted made;
	struct scap_event ev;
	uint16_t flags = 0;
	int r;

	if (total < front + SCAP_BLOCK_TAIL)
		return bad_event(s, -EBADMSG, offset, "its block is too short for one");
	r = view_make(s, block + front, total - front - SCAP_BLOCK_TAIL, form->version_1, offset, &ev);
	if (r)
		return r > 0;
	if (ev.type >= EVENT_TYPE_OWN)
		return bad_event(s, -ENOTSUP, offset, "its type %u is beyond those of this format", ev.type);
	if (ev.data_len + 6u * ev.n_params > EVENT_PAYLOAD_MAX)
		return bad_event(s, -E2BIG, offset, "%u bytes of parameters exceed the limit of %u",
				 ev.data_len, EVENT_PAYLOAD_MAX);
	if (form->has_flags && u32_at(block + SCAP_BLOCK_HEAD + 2) & SCAP_STATE_ONLY)
		flags = EVENT_HIDDEN;
	if (s->raw_events) {
		take(s, stats, &ev, form->version_1, cpu, flags, DURATION_NONE);
		return 0;
	}
	r = scap_convert(&s->converter, &ev, &made, &s->words);
	if (r < 0) {
		s->words.code = 0;
		return r == -E2BIG ? bad_event(s, r, offset, "%s", s->words.text)
				   : error_set(err, r, "%s", s->words.text);
	}
	if (r == 0)
		return 0;
	if (made.entry_unknown)
		flags |= EVENT_ENTRY_UNKNOWN;
	take(s, stats, &made.event, form->version_1 && !made.changed, cpu, flags, made.duration_ns);
	return 0;
}

/* The common case: a present-day event in a block of version 2. false: look closer. */
static inline bool take_easy(struct scap_scan *s, struct source_stats *stats, const uint8_t *block,
			     uint32_t total)
{
	const uint8_t *event = block + SCAP_BLOCK_HEAD + 2;
	uint32_t room = total - SCAP_BLOCK_HEAD - 2 - SCAP_BLOCK_TAIL, len, n, sum = 0;
	const struct scap_plan *p;
	uint16_t type;

	if (u32_at(block) != SCAP_EVENT_2 || room < SCAP_EVENT_2_LEN || total > 65536)
		return false;
	len = u32_at(event + SCAP_AT_LEN);
	type = u16_at(event + SCAP_AT_TYPE);
	n = u32_at(event + SCAP_AT_PARAMS);
	if (type >= SCAP_PLANS || len > room)
		return false;
	p = &s->batch.plans[type];
	if (!p->easy || p->paired || n != p->n_params || len < SCAP_EVENT_2_LEN + 2 * n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		sum += u16_at(event + SCAP_EVENT_2_LEN + 2 * i);
	if (sum > len - SCAP_EVENT_2_LEN - 2 * n)
		return false;
	scap_batch_add(&s->batch, event, type, (uint8_t)n, u16_at(block + SCAP_BLOCK_HEAD), 0, DURATION_NONE);
	if (type <= 1)
		s->batch.codes[s->batch.batch.n_events - 1] =
			u16_at(event + SCAP_EVENT_2_LEN) == 2 ? u16_at(event + SCAP_EVENT_2_LEN + 2 * n)
							      : UINT16_MAX;
	stats->n_types[type]++;
	return true;
}

/* ---- blocks ---- */

bool scap_block_plausible(const uint8_t *p, size_t have)
{
	struct form form;
	uint32_t type, total;

	if (have < 12)
		return false;
	type = u32_at(p);
	total = u32_at(p + 4);
	if (total < 12 || total % 4 || total > have || u32_at(p + total - 4) != total)
		return false;
	if (type == SCAP_SECTION)
		return total >= SCAP_SECTION_LEN && u32_at(p + 8) == SCAP_BYTE_ORDER;
	return form_find(type, &form);
}

/* The lengths at both ends of a block differ: whether what follows shows that the first is right. */
static bool head_is_right(const uint8_t *p, uint32_t total, size_t have)
{
	struct form form;
	uint32_t type;

	if (have < total + SCAP_BLOCK_HEAD)
		return false;
	type = u32_at(p + total);
	return (type == SCAP_SECTION || form_find(type, &form)) && u32_at(p + total + 4) >= 12 &&
	       u32_at(p + total + 4) <= SCAP_EVENT_MAX && u32_at(p + total + 4) % 4 == 0;
}

int scap_scan(struct scap_scan *s, struct scap_input *in, struct source_stats *stats, struct error *err)
{
	const uint8_t *p = in->window + in->start, *end = in->window + in->end;
	const uint64_t base = in->at - in->start;
	const bool simple = !s->raw_events;
	uint64_t offset, n_blocks = 0;
	uint32_t tail;
	enum scap_scan_end why = SCAN_MORE;
	int r = 0;

	while (end - p >= (ptrdiff_t)SCAP_BLOCK_HEAD) {
		uint32_t total = u32_at(p + 4);
		size_t have = (size_t)(end - p);
		struct form form;

		if (s->batch.batch.n_events == SCAP_BATCH_EVENTS) {
			why = SCAN_FULL;
			break;
		}
		/* Of most calls present captures have no entries. */
		if (simple && s->started && !s->converter.old && total >= 40 && total % 4 == 0 &&
		    total <= have && u32_at(p + total - SCAP_BLOCK_TAIL) == total &&
		    take_easy(s, stats, p, total)) {
			p += total;
			n_blocks++;
			continue;
		}
		if (!form_find(u32_at(p), &form)) {
			why = SCAN_OTHER;
			break;
		}
		if (total < 12 || total % 4) {
			why = SCAN_LENGTH;
			break;
		}
		if (total > have)
			break;
		if (scap_converter_full(&s->converter)) {
			why = SCAN_FULL;
			break;
		}
		tail = u32_at(p + total - SCAP_BLOCK_TAIL);
		if (tail != total && !head_is_right(p, total, have)) {
			why = SCAN_LENGTH;
			break;
		}
		offset = base + (size_t)(p - in->window);
		r = take_any(s, stats, p, total, &form, offset, err);
		if (r == 0 && tail != total)
			r = note(s, -EBADMSG, offset, "the length at the end of its block is %u, not %u",
				 tail, total);
		if (r < 0)
			break;
		p += total;
		n_blocks++;
		if (r > 0) {
			why = SCAN_DAMAGE;
			break;
		}
	}
	stats->n_blocks[BLOCK_EVENTS] += n_blocks;
	in->at += (size_t)(p - (in->window + in->start));
	in->start = (size_t)(p - in->window);
	return r < 0 ? r : (int)why;
}
