#include "sinks/json_memory.h"

#include "sinks/json_text.h"

struct writer {
	struct buffer *out;
	const struct memory *m;
	enum syscall_abi abi;
	int64_t result;
};

static void put_key(struct buffer *out, const char *name)
{
	buffer_u8(out, ',');
	json_key(out, name);
}

static void put_number(struct buffer *out, const struct struct_field *f, const uint8_t *from, unsigned i)
{
	int64_t v = struct_field_number(f, from, i);

	if (f->nature == FIELD_SIGNED)
		json_signed(out, v);
	else
		json_unsigned(out, (uint64_t)v);
}

static void put_field(struct buffer *out, const struct struct_field *f, const uint8_t *from)
{
	const uint8_t *at = from + f->offset;

	if (f->nature == FIELD_TEXT) {
		json_string(out, at, strnlen((const char *)at, f->count));
	} else if (f->count > 1 && f->size == 1) {
		json_hex(out, at, f->count);
	} else if (f->count > 1) {
		for (unsigned i = 0; i < f->count; i++) {
			buffer_u8(out, i ? ',' : '[');
			put_number(out, f, from, i);
		}
		buffer_u8(out, ']');
	} else {
		put_number(out, f, from, 0);
	}
}

static void put_struct(struct buffer *out, const struct struct_layout *layout, const uint8_t *from)
{
	if (layout->n_fields == 1) {
		put_field(out, &layout->fields[0], from);
		return;
	}
	for (unsigned i = 0; i < layout->n_fields; i++) {
		buffer_u8(out, i ? ',' : '{');
		json_key(out, layout->fields[i].name);
		put_field(out, &layout->fields[i], from);
	}
	buffer_u8(out, '}');
}

/* Whole ones of what is there. */
static void put_items(const struct writer *w, const struct memory_step *step, uint64_t addr)
{
	const struct struct_layout *layout = struct_layout_of(step->structure, w->abi);
	size_t len = SIZE_MAX;
	const uint8_t *at = memory_some(w->m, addr, &len);

	if (!at)
		return;
	put_key(w->out, step->name);
	if (layout->size <= 1) {
		json_hex(w->out, at, len);
		return;
	}
	buffer_u8(w->out, '[');
	for (size_t i = 0; i < len / layout->size; i++) {
		if (i)
			buffer_u8(w->out, ',');
		put_struct(w->out, layout, at + i * layout->size);
	}
	buffer_u8(w->out, ']');
}

static void put_fact(const struct writer *w, const struct memory_step *step, enum memory_fact fact, size_t len)
{
	const uint8_t *at = memory_at(w->m, fact, len);
	uint64_t v = 0;

	if (!at)
		return;
	memcpy(&v, at, len);
	put_key(w->out, step->name);
	json_unsigned(w->out, v);
}

static void put_block(const struct writer *w, const struct memory_step *step, uint64_t addr)
{
	const struct struct_layout *layout = struct_layout_of(step->structure, w->abi);
	const uint8_t *at = layout->size ? memory_at(w->m, addr, layout->size) : NULL;

	if (!at)
		return;
	put_key(w->out, step->name);
	put_struct(w->out, layout, at);
}

/* What a message points to, under names of its own. */
static void put_message(const struct writer *w, const struct memory_step *step, uint64_t addr)
{
	static const struct memory_step parts[] = {{.name = "msg_name", .structure = STRUCT_BYTES},
						   {.name = "msg_iov", .structure = STRUCT_IOVEC},
						   {.name = "msg_control", .structure = STRUCT_BYTES}};
	const struct struct_layout *layout = struct_layout_of(step->structure, w->abi);
	const uint8_t *at = memory_at(w->m, addr, layout->size);

	put_block(w, step, addr);
	for (unsigned i = 0; at && i < sizeof parts / sizeof *parts; i++)
		put_items(w, &parts[i],
			  (uint64_t)struct_field_number(struct_field_find(layout, parts[i].name), at, 0));
}

static void put_step(const struct writer *w, const struct memory_step *step)
{
	uint64_t addr = step->a < w->m->n_args ? w->m->args[step->a] : 0;

	switch ((enum memory_kind)step->kind) {
	case MEMORY_ARGS:
	case MEMORY_WHEN:
		break;
	case MEMORY_BLOCK:
		put_block(w, step, addr);
		break;
	case MEMORY_ITEMS:
	case MEMORY_RESULT:
	case MEMORY_COUNTED:
	case MEMORY_BITS:
		put_items(w, step, addr);
		break;
	case MEMORY_MESSAGE:
		put_message(w, step, addr);
		break;
	case MEMORY_BEFORE:
		put_block(w, step, FACT_BEFORE);
		break;
	case MEMORY_ENVIRONMENT:
		put_fact(w, step, FACT_ENVIRONMENT, sizeof(uint32_t));
		break;
	case MEMORY_ENTRIES:
		put_fact(w, step, FACT_ENTRIES, sizeof(uint32_t));
		break;
	case MEMORY_MASK:
		put_fact(w, step, FACT_MASK, sizeof(uint64_t));
		break;
	}
}

void json_memory(struct buffer *out, struct event *ev, const struct param *p, enum syscall_abi abi)
{
	struct memory_plan plan = ev->sysno == SYSNO_NONE ? (struct memory_plan){0} : memory_plan_of(abi, ev->sysno);
	struct memory m;
	struct writer w = {out, &m, abi, ev->result};
	size_t len = SIZE_MAX;
	const uint8_t *siginfo;

	if (!memory_open(&m, p)) {
		json_hex(out, p->data, p->len);
		return;
	}
	buffer_append(out, "{\"args\":[", 9);
	for (unsigned i = 0; i < m.n_args; i++) {
		if (i)
			buffer_u8(out, ',');
		json_unsigned(out, m.args[i]);
	}
	buffer_u8(out, ']');
	for (unsigned i = 0; i < plan.n_steps; i++)
		if (memory_step_fails(&plan.steps[i], &m))
			i++;
		else
			put_step(&w, &plan.steps[i]);
	if ((siginfo = memory_some(&m, FACT_SIGINFO, &len))) {
		put_key(out, "siginfo");
		json_hex(out, siginfo, len);
	}
	buffer_u8(out, '}');
}
