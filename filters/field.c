#include "filters/field_extract.h"
#include "base/suggest.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

_Thread_local struct field_context field_context;

static const struct field_info fields[] = {
#define FIELD(id_, name_, class_, by_, type_, format_, needs_, argument_, columns_, list_, only_, help_) \
	{.name = name_,                                                                            \
	 .class = class_,                                                                          \
	 .id = FIELD_##id_,                                                                        \
	 .type = type_,                                                                            \
	 .format = format_,                                                                        \
	 .needs = needs_,                                                                          \
	 .argument = argument_,                                                                    \
	 .columns = columns_,                                                                      \
	 .is_list = list_,                                                                         \
	 .filter_only = only_,                                                                     \
	 .help = help_},
#include "filters/fields.def"
#undef FIELD
};

static field_extractor *const extractors[] = {
#define FIELD(id, name, class, by, ...) extract_##by,
#include "filters/fields.def"
#undef FIELD
};

const struct field_info *field_info_at(size_t i)
{
	return i < FIELD_COUNT ? &fields[i] : NULL;
}

const struct field_info *field_info_find(const char *name, size_t len)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (strlen(fields[i].name) == len && !memcmp(fields[i].name, name, len))
			return &fields[i];
	return NULL;
}

static bool is_field_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.';
}

/* The longest field whose name ends where the word has a dot or ends. */
static const struct field_info *longest_field(const char *text, size_t *len)
{
	while (*len) {
		const struct field_info *info = field_info_find(text, *len);

		if (info)
			return info;
		while (*len && text[--*len] != '.')
			;
	}
	return NULL;
}

/* [argument], ["argument"]; text is behind the bracket. Returns the characters used, 0: malformed. */
static size_t take_bracket(struct field *f, const char *text)
{
	char quote = *text == '"' || *text == '\'' ? *text : 0;
	const char *p = text + (quote ? 1 : 0);
	const char *end = strchr(p, quote ? quote : ']');
	size_t len = end ? (size_t)(end - p) : 0;

	if (len == 0 || len >= sizeof f->argument || (quote && end[1] != ']'))
		return 0;
	memcpy(f->argument, p, len);
	return (size_t)(end + (quote ? 2 : 1) - text);
}

static int take_argument(struct field *f, const char *text, size_t word, size_t *len, struct error *err)
{
	const char *name = f->info->name;

	if (text[*len] == '[') {
		size_t used = take_bracket(f, text + *len + 1);

		if (!used)
			return error_set_at(err, -EINVAL, *len,
					    "%s[ needs an argument of at most %zu characters and a ]",
					    name, sizeof f->argument - 1);
		*len += 1 + used;
	} else if (text[*len] == '.' && word > *len + 1) {
		size_t n = word - *len - 1;

		while (n && text[*len + n] == '.')
			n--;
		if (n == 0 || n >= sizeof f->argument)
			return error_set_at(err, -EINVAL, *len, "the argument of %s is too long", name);
		memcpy(f->argument, text + *len + 1, n);
		*len += 1 + n;
	}
	if (!f->argument[0] && f->info->argument == 2)
		return error_set_at(err, -EINVAL, *len, "%s needs an argument: %s[...] or %s.NAME", name,
				    name, name);
	return 0;
}

/* Fields of the family that cannot be had here, and why. */
static const struct {
	const char *name, *reason;
} absent[] = {
#define ABSENT(name_, reason_) {name_, reason_},
#include "filters/fields_absent.def"
#undef ABSENT
};

static int check_absent(const char *text, size_t word, struct error *err)
{
	for (size_t i = 0; i < sizeof absent / sizeof *absent; i++)
		if (strlen(absent[i].name) == word && !memcmp(absent[i].name, text, word))
			return error_set(err, -EINVAL, "%s is not offered: %s", absent[i].name,
					 absent[i].reason);
	return 0;
}

static int unknown_field(const char *text, size_t word, struct error *err)
{
	struct suggestion s = suggestion_for(text, word);


	for (size_t i = 0; i < FIELD_COUNT; i++)
		suggestion_try(&s, fields[i].name);
	if (s.best)
		return error_set(err, -EINVAL, "unknown field %.*s: did you mean %s?", (int)word, text,
				 s.best);
	return error_set(err, -EINVAL, "unknown field %.*s", word > 64 ? 64 : (int)word, text);
}

int field_parse(struct field *ret, const char *text, size_t *ret_len, struct error *err)
{
	size_t word = 0, len;
	int r;

	*ret = (struct field){.index = -1};
	while (is_field_char(text[word]))
		word++;
	len = word;
	r = check_absent(text, word, err);
	if (r < 0)
		return r;
	ret->info = longest_field(text, &len);
	if (!ret->info)
		return unknown_field(text, word, err);
	if (ret->info->argument) {
		r = take_argument(ret, text, word, &len, err);
		if (r < 0)
			return r;
	}
	if (ret->argument[0]) {
		char *end;

		errno = 0;
		ret->index = strtoll(ret->argument, &end, 10);
		if (*end || errno || ret->index < 0 || ret->argument[0] < '0' || ret->argument[0] > '9')
			ret->index = -1;
	}
	*ret_len = len;
	return 0;
}

bool field_extract(const struct field *f, struct event *ev, struct state *st, unsigned nth,
		   struct field_scratch *scratch, struct value *ret)
{
	/* One value per event unless the extractor counts itself. */
	if (nth && !f->info->is_list)
		return false;
	buffer_clear(&scratch->bytes);
	ret->kind = VALUE_NONE;
	ret->text_id = 0;
	return extractors[f->info->id](f, ev, st, nth, scratch, ret);
}

static void print_uint(const struct field_info *info, uint64_t u, struct buffer *out)
{
	switch ((enum print_format)info->format) {
	case PF_HEX:
		buffer_printf(out, "%" PRIX64, u);
		break;
	case PF_OCT:
		buffer_printf(out, "%" PRIo64, u);
		break;
	case PF_10_PADDED_DEC:
		buffer_printf(out, "%09" PRIu64, u);
		break;
	default:
		if (u <= INT64_MAX)
			buffer_decimal(out, (int64_t)u);
		else
			buffer_printf(out, "%" PRIu64, u);
	}
}

/* A byte that cannot be shown is a dot, as in the text of buffers. */
static void print_bytes(const struct value *v, struct buffer *out)
{
	uint32_t max = field_context.render.buffer_max ? field_context.render.buffer_max : UINT32_MAX;
	uint32_t len = v->text.len;
	uint8_t *p;

	if (!field_context.render.full && len > max)
		len = max;
	p = buffer_reserve(out, len);
	if (!p)
		return;
	for (uint32_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)v->text.data[i];

		p[i] = c < 0x20 || c > 0x7e ? '.' : c;
	}
	out->len += len;
}

void field_print(const struct field *f, const struct value *v, struct buffer *out)
{
	char address[INET6_ADDRSTRLEN];

	switch (v->kind) {
	case VALUE_NONE:
		break;
	case VALUE_TEXT:
		buffer_append(out, v->text.data, v->text.len);
		break;
	case VALUE_INT:
		if (v->i < 0 && f->info->format != PF_HEX && f->info->format != PF_OCT)
			buffer_decimal(out, v->i);
		else
			print_uint(f->info, (uint64_t)v->i, out);
		break;
	case VALUE_UINT:
		print_uint(f->info, v->u, out);
		break;
	case VALUE_BOOL:
		buffer_append(out, v->b ? "true" : "false", v->b ? 4 : 5);
		break;
	case VALUE_DOUBLE:
		buffer_printf(out, "%.1f", v->d);
		break;
	case VALUE_ADDRESS:
		if (inet_ntop(v->address_len == 4 ? AF_INET : AF_INET6, v->text.data, address,
			      sizeof address))
			buffer_append(out, address, strlen(address));
		break;
	case VALUE_BYTES:
		print_bytes(v, out);
		break;
	}
}
