#include "replay/lists.h"

#include "filters/field.h"
#include "sinks/json_text.h"

#include <errno.h>

static void put_json_text(struct buffer *b, const char *key, const char *text)
{
	json_key(b, key);
	json_string(b, text, strlen(text));
}

static const char *type_word(unsigned type)
{
	const char *name = param_type_name((enum param_type)type);

	return !strncmp(name, "PT_", 3) ? name + 3 : name;
}

/* A bar would end a cell. */
static void put_cell(struct buffer *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			buffer_u8(b, '\\');
		buffer_u8(b, (uint8_t)*text);
	}
}

/* ---- fields ---- */

static const char *argument_word(const struct field_info *f)
{
	return f->argument == 0 ? "" : f->argument == 1 ? "[argument]" : "<argument>";
}

static void field_text(struct buffer *b, const struct field_info *f, const char *class_before)
{
	if (!class_before || strcmp(class_before, f->class))
		buffer_printf(b, "%s%s\n", class_before ? "\n" : "", f->class);
	buffer_printf(b, "  %s%s", f->name,
		      f->argument == 0   ? ""
		      : f->argument == 1 ? " or [argument]"
					 : "[argument]");
	buffer_printf(b, "  (%s%s%s)\n      %s\n", type_word(f->type), f->is_list ? ", list" : "",
		      f->filter_only ? ", only in filters" : "", f->help);
}

static void field_json(struct buffer *b, const struct field_info *f)
{
	static const char *const arguments[] = {"none", "allowed", "required"};

	buffer_u8(b, '{');
	put_json_text(b, "name", f->name);
	buffer_u8(b, ',');
	put_json_text(b, "class", f->class);
	buffer_u8(b, ',');
	put_json_text(b, "type", type_word(f->type));
	buffer_u8(b, ',');
	put_json_text(b, "argument", f->argument < 3 ? arguments[f->argument] : arguments[0]);
	buffer_printf(b, ",\"list\":%s,\"filter_only\":%s,", f->is_list ? "true" : "false",
		      f->filter_only ? "true" : "false");
	put_json_text(b, "help", f->help);
	buffer_printf(b, "}\n");
}

static void field_markdown(struct buffer *b, const struct field_info *f)
{
	buffer_printf(b, "| `%s%s` | %s%s | ", f->name, argument_word(f), type_word(f->type),
		      f->is_list ? " list" : "");
	put_cell(b, f->help);
	buffer_printf(b, " |\n");
}

static void list_fields(struct buffer *b, enum list_style style)
{
	const struct field_info *f;
	const char *class_before = NULL;

	if (style == LIST_MARKDOWN)
		buffer_printf(b, "| field | type | meaning |\n|---|---|---|\n");
	for (size_t i = 0; (f = field_info_at(i)); i++) {
		if (style == LIST_JSON)
			field_json(b, f);
		else if (style == LIST_MARKDOWN)
			field_markdown(b, f);
		else
			field_text(b, f, class_before);
		class_before = f->class;
	}
}

/* ---- event types ---- */

static void event_params(struct buffer *b, const struct event_info *e)
{
	for (unsigned i = 0; i < e->n_params; i++)
		buffer_printf(b, "%s%s %s", i ? ", " : "", type_word(e->params[i].type),
			      e->params[i].name);
}

static void event_json(struct buffer *b, const struct event_info *e)
{
	buffer_printf(b, "{\"type\":%u,", e->type);
	put_json_text(b, "name", e->name);
	buffer_printf(b, ",\"dir\":\"%c\",\"state\":%s,\"params\":[",
		      event_info_is_enter(e) ? '>' : '<',
		      event_info_is_state(e) ? "true" : "false");
	for (unsigned i = 0; i < e->n_params; i++) {
		const struct param_info *p = &e->params[i];

		buffer_printf(b, "%s{", i ? "," : "");
		put_json_text(b, "name", p->name);
		buffer_u8(b, ',');
		put_json_text(b, "type", type_word(p->type));
		if (p->flags) {
			buffer_u8(b, ',');
			put_json_text(b, "flags", p->flags->name);
		}
		buffer_u8(b, '}');
	}
	buffer_printf(b, "]}\n");
}

static void list_events(struct buffer *b, enum list_style style, bool all)
{
	const struct event_info *e;

	if (style == LIST_MARKDOWN)
		buffer_printf(b, "| type | event | parameters |\n|---|---|---|\n");
	for (size_t i = 0; (e = event_info_at(i)); i++) {
		if (e->traits & EF_UNUSED || (!all && e->traits & EF_OLD_VERSION))
			continue;
		if (style == LIST_JSON) {
			event_json(b, e);
			continue;
		}
		if (style == LIST_MARKDOWN)
			buffer_printf(b, "| %u | `%c %s` | ", e->type,
				      event_info_is_enter(e) ? '>' : '<', e->name);
		else
			buffer_printf(b, "%5u %c %s(", e->type, event_info_is_enter(e) ? '>' : '<',
				      e->name);
		event_params(b, e);
		buffer_printf(b, "%s\n", style == LIST_MARKDOWN ? " |" : ")");
	}
}

/* ---- system calls ---- */

static const struct {
	enum syscall_abi abi;
	const char *name;
} abis[] = {{ABI_X86_64, "x86_64"}, {ABI_I386, "i386"}, {ABI_AARCH64, "aarch64"}};

static void syscall_numbers(struct buffer *b, const struct syscall_info *s, enum list_style style)
{
	for (size_t i = 0; i < sizeof abis / sizeof *abis; i++) {
		int number = s->number[abis[i].abi];

		char text[16];

		snprintf(text, sizeof text, "%d", number);
		if (style == LIST_JSON)
			buffer_printf(b, ",\"%s\":%s", abis[i].name, number < 0 ? "null" : text);
		else if (style == LIST_MARKDOWN)
			buffer_printf(b, " %s |", number < 0 ? "" : text);
		else
			buffer_printf(b, " %7s", number < 0 ? "-" : text);
	}
}

static void list_syscalls(struct buffer *b, enum list_style style)
{
	const struct syscall_info *s;

	if (style == LIST_MARKDOWN)
		buffer_printf(
		    b, "| call | x86_64 | i386 | aarch64 | event type |\n|---|---|---|---|---|\n");
	else if (style == LIST_TEXT)
		buffer_printf(b, "%-28s  x86_64    i386 aarch64   event\n", "call");
	for (size_t i = 0; (s = syscall_at(i)); i++) {
		if (style == LIST_JSON) {
			buffer_u8(b, '{');
			put_json_text(b, "name", s->name);
		} else {
			const char *quote = style == LIST_MARKDOWN ? "`" : "";

			buffer_printf(b, "%s%s%-*s%s", style == LIST_MARKDOWN ? "| " : "", quote,
				      style == LIST_MARKDOWN ? 0 : 28, s->name, quote);
			if (style == LIST_MARKDOWN)
				buffer_printf(b, " |");
		}
		syscall_numbers(b, s, style);
		if (style == LIST_JSON)
			buffer_printf(b, ",\"event\":%u}\n", s->event);
		else
			buffer_printf(b, " %7u%s\n", s->event, style == LIST_MARKDOWN ? " |" : "");
	}
}

int list_print(FILE *out, enum list_kind kind, enum list_style style, bool all, struct error *err)
{
	struct buffer b = {0};
	int r = 0;

	if (kind == LIST_FIELDS)
		list_fields(&b, style);
	else if (kind == LIST_EVENTS)
		list_events(&b, style, all);
	else if (kind == LIST_SYSCALLS)
		list_syscalls(&b, style);
	if (buffer_failed(&b)) {
		r = error_set(err, -ENOMEM, "out of memory");
	} else if (fwrite(b.data, 1, b.len, out) != b.len || fflush(out) != 0) {
		if (errno == EPIPE) /* the reader has seen enough */
			clearerr(out);
		else
			r = error_set(err, -errno, "cannot write the list: %s", strerror(errno));
	}
	buffer_done(&b);
	return r;
}
