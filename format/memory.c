#include "format/memory.h"

#include "format/recipe.h"

#define EVENT_SIGNALDELIVER 232

static const struct struct_field fields[] = {
#define FIELD(n, at, bytes, items, kind)                                                           \
	{.name = n, .offset = at, .size = bytes, .count = items, .nature = kind},
#include "format/memory.def"
};

static const char *const names[] = {
#define STRUCT(id, name, number) name,
#include "format/memory.def"
};

static const struct struct_layout layouts[N_STRUCTS][N_ABIS] = {
#define LAYOUT(id, abi, bytes, first, n)                                                           \
	[STRUCT_##id][abi] = {.size = bytes, .n_fields = n, .fields = fields + first},
#include "format/memory.def"
};

static const struct memory_step steps[] = {
#define MEMORY_STEP(n, k, arg_a, arg_b, number, bits, id, how)                                     \
	{.name = n, .kind = k, .a = arg_a, .b = arg_b, .c = number, .mask = bits, .structure = id, .flags = how},
#include "format/memory.def"
};

static const struct {
	uint8_t n_args, n_steps;
	uint16_t first;
} plans[N_ABIS][SYSCALL_NUMBERS] = {
#define MEMORY_PLAN(abi, number, args, first, n) [abi][number] = {args, n, first},
#include "format/memory.def"
};

const struct struct_layout *struct_layout_of(enum memory_struct id, enum syscall_abi abi)
{
	static const struct struct_layout none;

	return (unsigned)id < N_STRUCTS && (unsigned)abi < N_ABIS ? &layouts[id][abi] : &none;
}

enum memory_struct struct_find(const char *name)
{
	for (unsigned i = 0; i < N_STRUCTS; i++)
		if (!strcmp(names[i], name))
			return (enum memory_struct)i;
	return STRUCT_NONE;
}

const struct struct_field *struct_field_find(const struct struct_layout *layout, const char *name)
{
	for (unsigned i = 0; i < layout->n_fields; i++)
		if (!strcmp(layout->fields[i].name, name))
			return &layout->fields[i];
	return NULL;
}

int64_t struct_field_number(const struct struct_field *field, const uint8_t *from, unsigned i)
{
	const uint8_t *at = from + field->offset + i * field->size;
	unsigned shift = 64 - 8u * field->size;
	uint64_t v = 0;

	if (field->nature == FIELD_NETWORK)
		return at[0] << 8 | at[1];
	memcpy(&v, at, field->size);
	return field->nature == FIELD_SIGNED ? (int64_t)(v << shift) >> shift : (int64_t)v;
}

struct memory_plan memory_plan_of(enum syscall_abi abi, int number)
{
	if ((unsigned)abi >= N_ABIS || number < 0 || number >= SYSCALL_NUMBERS)
		return (struct memory_plan){0};
	return (struct memory_plan){plans[abi][number].n_args, plans[abi][number].n_steps,
				    steps + plans[abi][number].first};
}

/* ---- values ---- */

bool memory_open(struct memory *m, const struct param *p)
{
	struct cursor c = cursor_over(p->data, p->data ? p->len : 0);

	*m = (struct memory){0};
	m->n_args = cursor_u8(&c);
	if (m->n_args > MEMORY_ARGS_MAX)
		return false;
	for (unsigned i = 0; i < m->n_args; i++)
		m->args[i] = cursor_u64(&c);
	m->pieces = c.at;
	m->len = cursor_left(&c);
	return !cursor_failed(&c);
}

struct memory_piece {
	uint64_t addr;
	const uint8_t *data;
	uint32_t len;
};

/* The piece at *at, which begins as 0; false: there are no more. */
static bool memory_next(const struct memory *m, size_t *at, struct memory_piece *ret)
{
	struct cursor c;

	if (*at >= m->len)
		return false;
	c = cursor_over(m->pieces + *at, m->len - *at);
	ret->addr = cursor_u64(&c);
	ret->len = cursor_u16(&c);
	ret->data = cursor_bytes(&c, ret->len);
	*at += MEMORY_PIECE_HEAD + ret->len;
	return !cursor_failed(&c) && ret->data;
}

const uint8_t *memory_some(const struct memory *m, uint64_t addr, size_t *len)
{
	struct memory_piece piece;
	size_t at = 0;

	while (memory_next(m, &at, &piece)) {
		uint64_t skip = addr - piece.addr;

		if (addr < piece.addr || skip >= piece.len)
			continue;
		if (*len > piece.len - skip)
			*len = piece.len - skip;
		return piece.data + skip;
	}
	*len = 0;
	return NULL;
}

const uint8_t *memory_at(const struct memory *m, uint64_t addr, size_t len)
{
	struct memory_piece piece;
	size_t at = 0;

	/* Pieces may overlap: one may have what another lacks. */
	while (memory_next(m, &at, &piece))
		if (addr >= piece.addr && addr - piece.addr < piece.len && len <= piece.len - (addr - piece.addr))
			return piece.data + (addr - piece.addr);
	return NULL;
}

bool memory_step_fails(const struct memory_step *step, const struct memory *m)
{
	uint32_t v = step->a < m->n_args ? (uint32_t)m->args[step->a] : 0;

	v &= step->mask ? step->mask : 0xFFFF;
	return step->kind == MEMORY_WHEN && (v < step->c || v > (uint32_t)step->c + step->b);
}

const struct param *event_memory(struct event *ev)
{
	unsigned last = ev->n_params - 1u;

	return ev->n_params && ev->info->params[last].type == PT_MEMORY ? event_param(ev, last) : &param_absent;
}

/* ---- rows ---- */

static int add_row(struct schema *s, uint16_t type)
{
	static const struct param_info memory = {.name = MEMORY_NAME, .type = PT_MEMORY, .dirfd_param = -1};
	const struct event_info *row = schema_find(s, type);

	return row->n_params && row->params[row->n_params - 1].type == PT_MEMORY ? 0 : schema_add_param(s, type, &memory);
}

int schema_add_memory(struct schema *s)
{
	const struct recipe *r;
	int code = add_row(s, EVENT_SIGNALDELIVER);

	for (unsigned abi = 0; abi < N_ABIS; abi++)
		for (int number = 0; code == 0 && number < SYSCALL_NUMBERS; number++) {
			struct memory_plan plan = memory_plan_of((enum syscall_abi)abi, number);

			r = plan.n_args || plan.n_steps ? recipe_find((enum syscall_abi)abi, number) : NULL;
			code = r ? add_row(s, r->event) : 0;
		}
	return code;
}
