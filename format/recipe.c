#include "format/recipe.h"

#include <errno.h>
#include <string.h>

/* clang-format off */
static const struct recipe recipes[] = {
#define RECIPE(name, x86_64, i386, aarch64, type, n_st, n_par, result, fd, arg, absent_bits, bits)  \
	{.event = type, .n_steps = n_st, .n_params = n_par, .result_param = result, .fd_param = fd, \
	 .fd_arg = arg, .flags = bits, .absent = absent_bits, .steps = {
#define STEP(par, k, arg_a, arg_b, arg_c, bytes, type_bytes, bits, m)                               \
	{.param = par, .kind = k, .a = arg_a, .b = arg_b, .c = arg_c, .size = bytes,                \
	 .width = type_bytes, .flags = bits, .map = m},
#define RECIPE_END(name) }},
#include "format/recipes.def"
};
/* clang-format on */

/* Index in recipes + 1, 0: none. */
static const uint16_t recipe_by_number[N_ABIS][SYSCALL_NUMBERS] = {
#define RECIPE_NUMBER(abi, number, index) [abi][number] = index + 1,
#include "format/recipes.def"
};

static const char *const kind_names[] = {
#define KIND(id, name, operands, meaning) name,
#include "format/kinds.def"
};

enum map_rule { RULE_MATCH, RULE_KEEP, RULE_ELSE, RULE_ELSE_NATIVE };

struct map_row {
	uint8_t rule;
	uint32_t mask[2], native[2], family; /* x86, aarch64 */
};

static const struct map_row map_rows[] = {
#define MAP_ROW(map, rule, mask_x86, mask_arm, x86, arm, family)                                   \
	{rule, {mask_x86, mask_arm}, {x86, arm}, family},
#include "format/maps.def"
};

static const struct {
	uint16_t first, n;
} map_range[N_MAPS] = {
#define MAP(id, name, first_row, n_rows) [MAP_##id] = {first_row, n_rows},
#include "format/maps.def"
};

int recipe_index(enum syscall_abi abi, int number)
{
	if ((unsigned)abi >= N_ABIS || number < 0 || number >= SYSCALL_NUMBERS)
		return -1;
	return recipe_by_number[abi][number] - 1;
}

const struct recipe *recipe_find(enum syscall_abi abi, int number)
{
	int i = recipe_index(abi, number);

	return i < 0 ? NULL : &recipes[i];
}

const struct recipe *recipe_at(size_t i)
{
	return i < sizeof recipes / sizeof *recipes ? &recipes[i] : NULL;
}

const char *recipe_kind_name(enum recipe_kind kind)
{
	return (unsigned)kind < N_KINDS ? kind_names[kind] : NULL;
}

uint32_t map_value(enum value_map map, enum syscall_abi abi, uint32_t native)
{
	unsigned column = abi == ABI_AARCH64;
	bool whole = false; /* some row matched the whole number: no else */
	uint32_t family = 0;

	for (unsigned i = 0; i < map_range[map].n; i++) {
		const struct map_row *row = &map_rows[map_range[map].first + i];

		switch ((enum map_rule)row->rule) {
		case RULE_MATCH:
			if ((native & row->mask[column]) != row->native[column])
				break;
			family |= row->family;
			whole |= row->mask[column] == UINT32_MAX;
			break;
		case RULE_KEEP:
			family |= native & row->mask[column];
			break;
		case RULE_ELSE:
			family |= whole ? 0 : row->family;
			break;
		case RULE_ELSE_NATIVE:
			family |= whole ? 0 : native;
			break;
		}
	}
	return family;
}

/* Bytes of a step's value in the payload, its length prefix included; 0: it does not fit. */
static uint32_t step_len(const struct recipe_step *step, const uint8_t *at, uint32_t left)
{
	uint16_t short_len;
	uint32_t len, prefix = sizeof short_len;

	if (step->size)
		return step->size <= left ? step->size : 0;
	if (left < prefix)
		return 0;
	memcpy(&short_len, at, sizeof short_len);
	len = short_len;
	if (short_len == UINT16_MAX) {
		prefix += sizeof len;
		if (left < prefix)
			return 0;
		memcpy(&len, at + sizeof short_len, sizeof len);
	}
	return len <= left - prefix ? prefix + len : 0;
}

/* Translates the flags of the entries of a PT_FDLIST: u16 count, then i64 fd and i16 flags each. */
static void fdlist_translate(enum value_map map, enum syscall_abi abi, uint8_t *value, uint32_t len)
{
	const uint32_t entry = sizeof(int64_t) + sizeof(uint16_t);

	for (uint32_t at = sizeof(uint16_t); at + entry <= len; at += entry) {
		uint16_t flags;

		memcpy(&flags, value + at + sizeof(int64_t), sizeof flags);
		flags = (uint16_t)map_value(map, abi, flags);
		memcpy(value + at + sizeof(int64_t), &flags, sizeof flags);
	}
}

/* Writes the translation of a value of step->size bytes at `from` to `to`; returns its bytes there. */
static uint32_t step_translate(const struct recipe_step *step, enum syscall_abi abi, uint8_t *to,
			       const uint8_t *from)
{
	uint64_t value = 0;

	memcpy(&value, from, step->size);
	value = map_value(step->map, abi, (uint32_t)value);
	memcpy(to, &value, step->width);
	return step->width;
}

int64_t recipe_translate(const struct recipe *r, enum syscall_abi abi, uint32_t absent,
			 uint8_t *payload, uint32_t len)
{
	uint32_t in = 0, out = 0;

	if (!(r->flags & RECIPE_MAPPED))
		return len;
	for (unsigned i = 0; i < r->n_steps; i++) {
		const struct recipe_step *step = &r->steps[i];
		uint32_t n;

		if (absent & 1u << step->param)
			continue;
		n = step_len(step, payload + in, len - in);
		if (!n)
			return -EBADMSG;
		if (step->kind == KIND_FDLIST && step->map)
			fdlist_translate(step->map, abi, payload + in + sizeof(uint16_t),
					 n - sizeof(uint16_t));
		if (step->map && step->size) {
			out += step_translate(step, abi, payload + out, payload + in);
		} else {
			if (in != out)
				memmove(payload + out, payload + in, n);
			out += n;
		}
		in += n;
	}
	memmove(payload + out, payload + in, len - in);
	return out + (len - in);
}
