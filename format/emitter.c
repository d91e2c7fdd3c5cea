#include "format/emitter.h"
#include "format/capture_block.h"
#include "format/index_block.h"
#include "format/schema_block.h"

#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <unistd.h>

#define INDEX_RAW_CLOSE	  (200u << 10) /* an INDEX block of so much fits even when stored as it is */
#define SCHEMA_ROWS_BLOCK 64u	       /* rows of a SCHEMA block, unless they do not fit */

int emitter_init(struct emitter *m, int fd, const struct schema *schema)
{
	*m = (struct emitter){.fd = fd, .schema = schema};
	return events_encoder_init(&m->events);
}

void emitter_done(struct emitter *m)
{
	events_encoder_done(&m->events);
	buffer_done(&m->block);
	buffer_done(&m->raw);
	buffer_done(&m->frame);
	buffer_done(&m->index);
}

static int write_all(struct emitter *m, const uint8_t *p, size_t len, struct error *err)
{
	while (len) {
		ssize_t n = write(m->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			poll(&(struct pollfd){.fd = m->fd, .events = POLLOUT}, 1, -1);
			continue;
		}
		if (n < 0)
			return error_set(err, -errno, "writing failed after %llu bytes: %s",
					 (unsigned long long)m->offset, strerror(errno));
		p += n;
		len -= (size_t)n;
		m->offset += (uint64_t)n;
	}
	return 0;
}

/* Writes a block and lets the index remember it; *e has what is particular to the kind. */
static int emit(struct emitter *m, const struct buffer *block, struct index_entry *e,
		const uint16_t *types, struct error *err)
{
	uint32_t header;

	if (buffer_failed(block))
		return error_set(err, -ENOMEM, "out of memory");
	if (!block_fits(block))
		return error_set(err, -E2BIG, "a %s block of %zu bytes exceeds %u",
				 block_kind_name(e->kind), block->len, NATIVE_BLOCK_MAX);
	memcpy(&header, block->data + WIRE_AT_HEADER, sizeof header);
	memcpy(&e->header_crc, block->data + header - 4, sizeof e->header_crc);
	e->length = (uint32_t)block->len;
	e->offset = m->offset;
	e->sequence = m->sequence;
	index_entry_encode(&m->index, e, types);
	m->n_index_entries++;
	m->sequence++;
	m->n_blocks++;
	return write_all(m, block->data, block->len, err);
}

static int emit_index(struct emitter *m, uint32_t flags, struct error *err)
{
	struct index_head head = {.flags = flags,
				  .n_entries = m->n_index_entries,
				  .previous_offset = m->index_offset,
				  .previous_sequence = m->index_sequence,
				  .n_events = m->n_events,
				  .n_blocks = m->n_blocks};

	if (packed_encode(m->events.zstd, NATIVE_LEVEL, &m->index, &m->frame, &head.packed) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	index_encode(&m->block, &m->frame, &head, m->id, m->sequence);
	if (buffer_failed(&m->block))
		return error_set(err, -ENOMEM, "out of memory");
	m->index_offset = m->offset;
	m->index_sequence = m->sequence++;
	m->n_index_entries = 0;
	buffer_clear(&m->index);
	return write_all(m, m->block.data, m->block.len, err);
}

int emitter_begin(struct emitter *m, const struct capture_info *info, const struct buffer *interfaces,
		  struct error *err)
{
	static const uint8_t zeros[WIRE_ID_LEN];
	struct capture_info copy = *info;
	struct index_entry e = {.kind = BLOCK_CAPTURE};
	struct buffer section = {0};
	int r;

	if (memcmp(copy.id, zeros, WIRE_ID_LEN) == 0 &&
	    getrandom(copy.id, WIRE_ID_LEN, 0) != WIRE_ID_LEN)
		return error_set(err, -EIO, "no random numbers for the capture's id");
	memcpy(m->id, copy.id, WIRE_ID_LEN);
	section_encode(&section, &copy);
	buffer_append(&section, interfaces->data, interfaces->len);
	r = buffer_failed(&section) ? error_set(err, -ENOMEM, "out of memory")
				    : write_all(m, section.data, section.len, err);
	buffer_done(&section);
	if (r < 0)
		return r;
	capture_encode(&m->block, &copy, m->sequence);
	return emit(m, &m->block, &e, NULL, err);
}

/* Rows of these types in one block, or in several when they do not fit one. */
static int emit_schema(struct emitter *m, const uint16_t *types, size_t n, int level,
		       struct error *err)
{
	struct index_entry e = {.kind = BLOCK_SCHEMA};
	struct packed packed;
	int r;

	buffer_clear(&m->raw);
	schema_rows_encode(&m->raw, m->schema, types, n);
	if (m->raw.len > INDEX_RAW_CLOSE && n > 1) {
		r = emit_schema(m, types, n / 2, level, err);
		return r < 0 ? r : emit_schema(m, types + n / 2, n - n / 2, level, err);
	}
	if (packed_encode(m->events.zstd, level, &m->raw, &m->frame, &packed) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	block_begin(&m->block, BLOCK_SCHEMA, m->id, m->sequence);
	buffer_u32(&m->block, (uint32_t)n);
	packed_put(&m->block, &packed);
	block_header_end(&m->block);
	buffer_append(&m->block, m->frame.data, m->frame.len);
	block_end(&m->block);
	return emit(m, &m->block, &e, NULL, err);
}

/* The rows of types that occur for the first time. */
static int emit_new_types(struct emitter *m, const struct batch *b, int level, struct error *err)
{
	uint16_t types[SCHEMA_ROWS_BLOCK];
	size_t n = 0;
	int r;

	for (uint32_t i = 0; i < b->n_events; i++) {
		uint16_t t = b->type[i];

		if (m->schema_written[t / 8] >> t % 8 & 1)
			continue;
		m->schema_written[t / 8] |= (uint8_t)(1 << t % 8);
		types[n++] = t;
		if (n == SCHEMA_ROWS_BLOCK) {
			if ((r = emit_schema(m, types, n, level, err)) < 0)
				return r;
			n = 0;
		}
	}
	return n ? emit_schema(m, types, n, level, err) : 0;
}

static int emit_state(struct emitter *m, const struct job *job, int level, struct error *err)
{
	struct index_entry e = {.kind = BLOCK_STATE};
	const struct batch *b = &job->events.batch;
	uint64_t time_ns = b->n_events ? b->time_ns[0] : 0;
	struct packed packed;

	if (packed_encode(m->events.zstd, level, &job->state, &m->frame, &packed) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	block_begin(&m->block, BLOCK_STATE, m->id, m->sequence);
	buffer_u32(&m->block, STATE_ENTRIES);
	buffer_u32(&m->block, 0);
	buffer_u64(&m->block, time_ns);
	buffer_u64(&m->block, m->n_events + 1);
	buffer_u32(&m->block, job->n_entries);
	packed_put(&m->block, &packed);
	block_header_end(&m->block);
	buffer_append(&m->block, m->frame.data, m->frame.len);
	block_end(&m->block);
	e.first_ns = e.last_ns = time_ns;
	e.first_number = m->n_events + 1;
	return emit(m, &m->block, &e, NULL, err);
}

/* The block that was just encoded. */
static int emit_encoded(struct emitter *m, const struct batch *b, uint32_t from, uint32_t n,
			struct error *err)
{
	struct events_encoder *enc = &m->events;
	struct index_entry e = {.kind = BLOCK_EVENTS,
				.n_types = (uint16_t)enc->n_types,
				.n_events = n,
				.first_ns = b->time_ns[from],
				.last_ns = b->time_ns[from + n - 1],
				.first_number = m->n_events + 1};
	uint16_t types[BATCH_EVENTS];

	for (uint32_t i = 0; i < enc->n_types; i++)
		types[i] = enc->types[i].type;
	m->n_events += n;
	return emit(m, &enc->block, &e, types, err);
}

/* Events [from, from + n), in halves where one block cannot hold them. */
static int emit_events(struct emitter *m, const struct batch *b, uint32_t from, uint32_t n,
		       int level, struct error *err)
{
	int r;

	if (events_encode(&m->events, b, from, n, m->n_events + 1, m->id, m->sequence, level) < 0)
		return error_set(err, -ENOMEM, "out of memory");
	if (!block_fits(&m->events.block) && n > 1) {
		r = emit_events(m, b, from, n / 2, level, err);
		return r < 0 ? r : emit_events(m, b, from + n / 2, n - n / 2, level, err);
	}
	return emit_encoded(m, b, from, n, err);
}

static int emit_losses(struct emitter *m, const struct job *job, struct error *err)
{
	struct index_entry e = {.kind = BLOCK_LOSS,
				.first_ns = job->losses[0].from_ns,
				.last_ns = job->losses[job->n_losses - 1].to_ns};

	loss_encode(&m->block, job->losses, job->n_losses, m->id, m->sequence);
	return emit(m, &m->block, &e, NULL, err);
}

int emitter_job(struct emitter *m, struct job *job, int level, struct error *err)
{
	const struct batch *b = &job->events.batch;
	int r;

	if (buffer_failed(&job->packets))
		return error_set(err, -ENOMEM, "out of memory");
	if ((r = write_all(m, job->packets.data, job->packets.len, err)) < 0)
		return r;
	if (job->n_entries && (r = emit_state(m, job, level, err)) < 0)
		return r;
	if (b->n_events) {
		if ((r = emit_new_types(m, b, level, err)) < 0 ||
		    (r = emit_events(m, b, 0, b->n_events, level, err)) < 0)
			return r;
	}
	if (job->n_losses && (r = emit_losses(m, job, err)) < 0)
		return r;
	return m->index.len > INDEX_RAW_CLOSE / 2 ? emit_index(m, 0, err) : 0;
}

int emitter_end(struct emitter *m, struct error *err)
{
	return emit_index(m, INDEX_FINAL, err);
}
