/* Fields of filters/fields.tsv and parameters of event types, as fields of Wireshark. */
#include "format/event.h"
#include "plugins/wireshark/epan/told.h"
#include "sinks/record_fields.h"

#include <stdlib.h>

/* Groups of the details pane; classes of fields.tsv, several in one. */
static const struct {
	const char *title, *classes;
} groups[] = {
    {"Event", " evt syscall "}, {"Process", " proc thread "},
    {"User", " user group "},   {"File descriptor", " fd fdlist "},
    {"Path", " fs "},           {"Container", " container "},
    {"Arguments", " arg "},
};
#define N_GROUPS  (sizeof groups / sizeof *groups)
#define ARGUMENTS (N_GROUPS - 1)

static int ett_groups[N_GROUPS];
static int ett_arg;

struct shown_field {
	struct field field;
	guint32 tag;
	unsigned group; /* of groups */
	bool in_head;
	int pick;
	int hf[2];  /* scap.NAME, and NAME; -1: not registered */
	int hf6[2]; /* the same of IPv6 addresses */
};

/* Parameters of one name, whatever event they belong to. */
struct shown_arg {
	const char *name;
	enum ftenum raw_type; /* FT_NONE: values of that name are not all of a kind */
	int hf[2], raw[2];
};

static struct shown_field *shown;
static size_t n_shown;
static guint16 by_tag[4 * RECORD_FIELDS_MAX]; /* index + 1, by the tag and what follows; most are empty */
static GHashTable *args;
static int hf_arg_other;
static struct state *no_state;
static struct field_scratch scratch;

/* Values that the dissector knows without a field's item. */
static const char *const known_otherwise[] = {"evt.type", "syscall.type", "evt.args", "evt.info",
					      "evt.buffer"};

static const char *const pick_names[N_TOLD_PICKS] = {
    [TOLD_PROC_NAME] = "proc.name",
    [TOLD_PROC_PID] = "proc.pid",
    [TOLD_FD_NAME] = "fd.name",
    [TOLD_FD_NUM] = "fd.num",
    [TOLD_FD_TYPE] = "fd.type",
    [TOLD_FD_L4PROTO] = "fd.l4proto",
    [TOLD_FD_CIP] = "fd.cip",
    [TOLD_FD_SIP] = "fd.sip",
    [TOLD_FD_CPORT] = "fd.cport",
    [TOLD_FD_SPORT] = "fd.sport",
    [TOLD_FD_IS_SERVER] = "fd.is_server",
};

static bool is_among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static enum ftenum type_of(unsigned param_type)
{
	if (param_type_is_text(param_type))
		return FT_STRING;
	switch (param_type) {
	case PT_BOOL:
		return FT_BOOLEAN;
	case PT_DOUBLE:
		return FT_DOUBLE;
	case PT_IPADDR:
	case PT_IPV4ADDR:
		return FT_IPv4;
	case PT_BYTEBUF:
		return FT_BYTES;
	}
	if (!param_type_size(param_type))
		return FT_BYTES;
	return param_type_is_signed(param_type) ? FT_INT64 : FT_UINT64;
}

static int base_of(enum ftenum type, unsigned format)
{
	if (type == FT_UINT64)
		return format == PF_HEX ? BASE_HEX : format == PF_OCT ? BASE_OCT : BASE_DEC;
	return type == FT_INT64 ? BASE_DEC : BASE_NONE;
}

/* ---- registration ---- */

static GArray *rows; /* of hf_register_info, until they are handed over */

static void row_add(int *hf, const char *name, const char *abbrev, enum ftenum type, int base,
		    const char *help)
{
	hf_register_info row = {
	    hf,
	    {.name = name, .abbrev = abbrev, .type = type, .display = base, .blurb = help, HFILL}};

	*hf = -1;
	g_array_append_val(rows, row);
}

static void rows_begin(void)
{
	rows = g_array_new(FALSE, FALSE, sizeof(hf_register_info));
}

/* Wireshark keeps what the rows point to, and the rows themselves. */
static void rows_end(void)
{
	guint n = rows->len;

	proto_register_field_array(proto_scap,
				   (hf_register_info *)(void *)g_array_free(rows, FALSE), (int)n);
}

/* alias 0: with "scap." in front, 1: without, where the name is free. */
static bool name_of(char **ret, const char *name, const char *behind, unsigned alias)
{
	*ret = g_strconcat(alias ? "" : "scap.", name, behind, NULL);
	if (!alias || !proto_registrar_get_byname(*ret))
		return true;
	g_free(*ret);
	return false;
}

static void field_rows(struct shown_field *f, unsigned alias)
{
	const struct field_info *info = f->field.info;
	enum ftenum type = type_of(info->type);
	char *name;

	if (name_of(&name, info->name, "", alias))
		row_add(&f->hf[alias], info->name, name, type, base_of(type, info->format),
			info->help);
	if (type == FT_IPv4 && name_of(&name, info->name, "6", alias))
		row_add(&f->hf6[alias], info->name, name, FT_IPv6, BASE_NONE, info->help);
}

static unsigned group_of(const char *class)
{
	for (unsigned g = 0; g < N_GROUPS; g++) {
		const char *at = strstr(groups[g].classes, class);

		if (at && at[-1] == ' ' && at[strlen(class)] == ' ')
			return g;
	}
	return 0;
}

/* Where the tag stands, or would. */
static guint16 *slot_of(guint32 tag)
{
	guint32 i = tag % G_N_ELEMENTS(by_tag);

	while (by_tag[i] && shown[by_tag[i] - 1].tag != tag)
		i = (i + 1) % G_N_ELEMENTS(by_tag);
	return &by_tag[i];
}

static void fields_find(void)
{
	const struct field_info *info;

	shown = g_new0(struct shown_field, RECORD_FIELDS_MAX);
	for (size_t i = 0; (info = field_info_at(i)) && n_shown < RECORD_FIELDS_MAX; i++) {
		enum field_group group = field_group_of(info);
		struct shown_field *f = &shown[n_shown];

		if (group == FIELDS_NEVER &&
		    !is_among(info->name, known_otherwise, G_N_ELEMENTS(known_otherwise)))
			continue;
		f->field = (struct field){.info = info, .index = -1};
		f->group = group_of(info->class);
		f->in_head = group == FIELDS_IN_HEAD;
		f->pick = f->hf[0] = f->hf[1] = f->hf6[0] = f->hf6[1] = -1;
		for (int pick = 0; pick < N_TOLD_PICKS; pick++)
			if (!strcmp(pick_names[pick], info->name))
				f->pick = pick;
		*slot_of(f->tag = record_field_tag(info->name)) = (guint16)++n_shown;
	}
}

/* One field for all parameters of a name: text as scapread's evt.arg has it, and the value where
 * all have one kind. */
static void args_find(void)
{
	const struct event_info *e;

	args = g_hash_table_new(g_str_hash, g_str_equal);
	for (size_t i = 0; (e = event_info_at(i)); i++)
		for (unsigned p = 0; p < e->n_params; p++) {
			enum ftenum type = type_of(e->params[p].type);
			struct shown_arg *a = g_hash_table_lookup(args, e->params[p].name);

			if (!a) {
				a = g_new0(struct shown_arg, 1);
				a->name = e->params[p].name;
				a->raw_type = type;
				a->hf[0] = a->hf[1] = a->raw[0] = a->raw[1] = -1;
				g_hash_table_insert(args, (gpointer)a->name, a);
			} else if (a->raw_type != type) {
				bool numbers =
				    (a->raw_type == FT_INT64 || a->raw_type == FT_UINT64) &&
				    (type == FT_INT64 || type == FT_UINT64);

				a->raw_type = numbers ? FT_INT64 : FT_NONE;
			}
		}
}

static void arg_rows(gpointer key, gpointer value, gpointer data)
{
	const unsigned alias = GPOINTER_TO_UINT(data);
	struct shown_arg *a = value;
	char *name;

	if (name_of(&name, "evt.arg.", a->name, alias))
		row_add(&a->hf[alias], a->name, name, FT_STRING, BASE_NONE,
			"Parameter of a call, as text");
	if (a->raw_type != FT_NONE && a->raw_type != FT_STRING && a->raw_type != FT_IPv4 &&
	    name_of(&name, "evt.rawarg.", a->name, alias))
		row_add(&a->raw[alias], a->name, name, a->raw_type, base_of(a->raw_type, PF_DEC),
			"Parameter of a call, as it was recorded");
}

static void all_rows(unsigned alias)
{
	rows_begin();
	for (size_t i = 0; i < n_shown; i++)
		field_rows(&shown[i], alias);
	g_hash_table_foreach(args, arg_rows, GUINT_TO_POINTER(alias));
	if (!alias)
		row_add(&hf_arg_other, "Argument", "scap.evt.arg", FT_STRING, BASE_NONE,
			"Parameter of a call that this version does not know, as name=value");
	rows_end();
}

void scap_fields_register(void)
{
	static int *ett[N_GROUPS + 1];

	fields_find();
	args_find();
	all_rows(0);
	for (unsigned g = 0; g < N_GROUPS; g++) {
		ett_groups[g] = -1;
		ett[g] = &ett_groups[g];
	}
	ett_arg = -1;
	ett[N_GROUPS] = &ett_arg;
	proto_register_subtree_array(ett, G_N_ELEMENTS(ett));
	no_state = state_new(schema_new());
}

void scap_fields_expand(void)
{
	/* The shortest group, and the one that tells most. */
	tree_expanded_set(ett_groups[ARGUMENTS], TRUE);
}

void scap_fields_register_aliases(void)
{
	all_rows(1);
}

/* ---- one record ---- */

static const struct shown_field *field_by_tag(guint32 tag)
{
	guint16 i = *slot_of(tag);

	return i ? &shown[i - 1] : NULL;
}

int scap_field_pick(guint32 tag)
{
	const struct shown_field *f = field_by_tag(tag);

	return f ? f->pick : -1;
}

static proto_tree *group_tree(struct scap_tree *t, unsigned group)
{
	if (!t->sub[group])
		t->sub[group] = proto_tree_add_subtree(t->top, t->tvb, 0, 0, ett_groups[group],
						       NULL, groups[group].title);
	return t->sub[group];
}

/* Names without "scap." are for filters and -e, and hidden: nobody wants to see everything twice. */
static bool is_asked_for(const proto_tree *tree, int hf)
{
	return hf > 0 && proto_field_is_referenced((proto_tree *)tree, hf);
}

static gint64 number_of(const struct value *v)
{
	return v->kind == VALUE_BOOL ? v->b : v->kind == VALUE_DOUBLE ? (gint64)v->d : v->i;
}

static proto_item *value_add(proto_tree *tree, int hf, tvbuff_t *tvb, int at, int len,
			     const struct value *v, packet_info *pinfo)
{
	switch (proto_registrar_get_ftype(hf)) {
	case FT_STRING:
		if (v->kind != VALUE_TEXT)
			return NULL;
		return proto_tree_add_string(tree, hf, tvb, at, len,
					     wmem_strndup(pinfo->pool, v->text.data, v->text.len));
	case FT_BYTES:
		if (v->kind != VALUE_TEXT && v->kind != VALUE_BYTES)
			return NULL;
		return proto_tree_add_bytes_with_length(
		    tree, hf, tvb, at, len, (const guint8 *)v->text.data, (int)v->text.len);
	case FT_IPv4:
	case FT_IPv6:
		return v->kind == VALUE_ADDRESS
			   ? proto_tree_add_item(tree, hf, tvb, at + 1, len - 1, ENC_NA)
			   : NULL;
	case FT_BOOLEAN:
		return proto_tree_add_boolean(tree, hf, tvb, at, len, (guint32)(number_of(v) != 0));
	case FT_DOUBLE:
		return proto_tree_add_double(tree, hf, tvb, at, len,
					     v->kind == VALUE_DOUBLE ? v->d : (double)number_of(v));
	case FT_INT64:
		return proto_tree_add_int64(tree, hf, tvb, at, len, number_of(v));
	case FT_UINT64:
		return proto_tree_add_uint64(tree, hf, tvb, at, len, (guint64)number_of(v));
	default:
		return NULL;
	}
}

static void shown_add(struct scap_tree *t, const struct shown_field *f, const struct value *v,
		      int at, int len)
{
	const int *hf = v->kind == VALUE_ADDRESS && v->address_len == 16 ? f->hf6 : f->hf;
	proto_tree *tree = group_tree(t, f->group);

	if (hf[0] > 0)
		value_add(tree, hf[0], t->tvb, at, len, v, t->pinfo);
	if (is_asked_for(tree, hf[1]))
		proto_item_set_hidden(value_add(tree, hf[1], t->tvb, at, len, v, t->pinfo));
}

void scap_field_add(struct scap_tree *t, guint32 tag, const struct value *v, int at, int len)
{
	const struct shown_field *f = field_by_tag(tag);

	if (f)
		shown_add(t, f, v, at, len);
}

void scap_text_add(struct scap_tree *t, const char *field, const char *text)
{
	const struct shown_field *f = field_by_tag(record_field_tag(field));
	struct value v = {.kind = VALUE_TEXT, .text = {text, (guint32)strlen(text)}};

	if (f)
		shown_add(t, f, &v, 0, 0);
}

void scap_bytes_add(struct scap_tree *t, const char *field, int at, int len)
{
	const struct shown_field *f = field_by_tag(record_field_tag(field));
	struct value v = {.kind = VALUE_BYTES};

	if (!f)
		return;
	v.text = (struct text){(const char *)tvb_get_ptr(t->tvb, at, len), (guint32)len};
	shown_add(t, f, &v, at, len);
}

void scap_fields_add_head(struct scap_tree *t, const struct told *told)
{
	const struct record_head *h = &told->head;
	struct event_info info = {
	    .type = h->type,
	    .category = h->category,
	    .traits = h->traits,
	    .name = told->name,
	    .result_param = h->result_param,
	    .fd_param = h->fd_param,
	};
	struct event ev = {
	    .info = &info,
	    .number = h->number,
	    .time_ns = h->time_ns,
	    .duration_ns = h->duration_ns,
	    .tid = h->tid,
	    .result = h->result,
	    .type = h->type,
	    .cpu = h->cpu,
	    .flags = h->flags,
	    .sysno = h->sysno,
	    .absent = h->absent,
	    .has_result = !(h->flags & (EVENT_NO_RESULT | EVENT_UNFINISHED)),
	    .parsed = true,
	};
	struct value v;

	field_context.first_ns = h->first_ns;
	field_context.before_ns = h->before_ns;
	for (size_t i = 0; i < n_shown; i++) {
		const struct shown_field *f = &shown[i];

		if (!f->in_head || (!proto_field_is_referenced(t->top, f->hf[0]) &&
				    !is_asked_for(t->top, f->hf[1])))
			continue;
		if (field_extract(&f->field, &ev, no_state, 0, &scratch, &v))
			shown_add(t, f, &v, 0, 0);
	}
}

/* ---- parameters ---- */

static proto_item *raw_add(struct scap_tree *t, proto_tree *tree, int hf,
			   const struct record_param *p, int at)
{
	const struct param value = {p->data, p->data_len};
	enum ftenum type = proto_registrar_get_ftype(hf);
	struct value v = {0};
	gint64 number;

	if (type == FT_BYTES) {
		v.kind = VALUE_BYTES;
		v.text = (struct text){(const char *)p->data, p->data_len};
	} else if (param_number(&value, p->type, &number)) {
		v.kind = VALUE_INT;
		v.i = number;
		if (type == FT_DOUBLE) {
			v.kind = VALUE_DOUBLE;
			memcpy(&v.d, &number, sizeof v.d);
		}
	} else {
		return NULL;
	}
	return value_add(tree, hf, t->tvb, at, (int)p->data_len, &v, t->pinfo);
}

void scap_param_add(struct scap_tree *t, const struct told *told, unsigned i)
{
	const struct record_param *p = &told->params[i];
	const char *name = wmem_strndup(t->pinfo->pool, p->name, p->name_len);
	const char *text = wmem_strndup(t->pinfo->pool, p->text, p->text_len);
	const char *meaning =
	    p->meaning_len ? wmem_strndup(t->pinfo->pool, p->meaning, p->meaning_len) : text;
	const struct shown_arg *a = g_hash_table_lookup(args, name);
	proto_tree *tree = group_tree(t, ARGUMENTS);
	int at = (int)(p->data - told->bytes), len = (int)p->data_len;
	proto_item *item;

	if (!a) {
		proto_tree_add_string_format(tree, hf_arg_other, t->tvb, at, len, text, "%s: %s",
					     name, text);
		return;
	}
	item = proto_tree_add_string_format(tree, a->hf[0], t->tvb, at, len, meaning, "%s: %s",
					    name, text);
	if (is_asked_for(tree, a->hf[1]))
		proto_item_set_hidden(
		    proto_tree_add_string(tree, a->hf[1], t->tvb, at, len, meaning));
	if (!p->present)
		return;
	if (a->raw[0] > 0)
		raw_add(t, proto_item_add_subtree(item, ett_arg), a->raw[0], p, at);
	if (is_asked_for(tree, a->raw[1]))
		proto_item_set_hidden(raw_add(t, tree, a->raw[1], p, at));
}
