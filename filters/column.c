/*
 * The column part. Each check that the columns say something about gives two bits per event: t, it holds
 * for sure, and m, it may hold. and, or and not combine them (not: t and m swap, negated), so the
 * answer for a whole tree is sound even when only some of its checks can be decided.
 * The same with the event's type alone gives the types that can pass.
 */
#include "filters/column.h"

#include <errno.h>
#include <stdlib.h>

/* ---- event types ---- */

typedef bool type_question(struct filter *f, struct check *c, const struct event_info *info);

/* Whether some type is ruled out. */
static bool types_fill(struct filter *f, struct check *c, type_question *may)
{
	const struct event_info *e;
	bool some = false;

	memcpy(c->types, f->unsure, sizeof f->unsure);
	for (size_t i = 0; (e = event_info_at(i)); i++) {
		if (may(f, c, e))
			bit_set(c->types, e->type);
		else
			some = true;
	}
	return some;
}

/* What a field that depends on the type alone gives for it. */
static bool type_passes(struct filter *f, struct check *c, const struct event_info *info)
{
	struct event ev = {.info = info, .type = info->type, .n_params = info->n_params, .parsed = true};
	struct state st = {0};
	struct value v = {0};

	return operand_value(f, &c->left, 0, &ev, &st, 0, &v) && check_value(f, c, &v);
}

static bool type_is_io(const struct event_info *info)
{
	unsigned category = event_type_category(info);

	return category >= EC_IO_READ && category <= EC_IO_OTHER;
}

/* I/O takes its category from the fd. */
static bool category_may_pass(struct filter *f, struct check *c, const struct event_info *info)
{
	return type_is_io(info) || type_passes(f, c, info);
}

/* Whether events of the type can have the field at all. */
static bool type_has_field(struct filter *f, struct check *c, const struct event_info *info)
{
	const struct field *field = &c->left.field;

	switch (field->info->id) {
	case FIELD_EVT_ARG:
	case FIELD_EVT_RAWARG:
		if (field->index >= 0)
			return field->index < info->n_params;
		for (unsigned i = 0; i < info->n_params; i++)
			if (!strcmp(info->params[i].name, field->argument))
				return true;
		return false;
	case FIELD_EVT_BUFFER:
		for (unsigned i = 0; i < info->n_params; i++)
			if (!strcmp(info->params[i].name, "data"))
				return true;
		return false;
	case FIELD_EVT_RES:
	case FIELD_EVT_RAWRES:
	case FIELD_EVT_FAILED:
	case FIELD_EVT_COUNT_ERROR:
	case FIELD_EVT_COUNT_ERROR_FILE:
	case FIELD_EVT_COUNT_ERROR_NET:
	case FIELD_EVT_COUNT_ERROR_MEMORY:
	case FIELD_EVT_COUNT_ERROR_OTHER:
		return info->result_param >= 0;
	case FIELD_EVT_BUFLEN:
	case FIELD_EVT_BUFLEN_IN:
	case FIELD_EVT_BUFLEN_OUT:
	case FIELD_EVT_BUFLEN_FILE:
	case FIELD_EVT_BUFLEN_FILE_IN:
	case FIELD_EVT_BUFLEN_FILE_OUT:
	case FIELD_EVT_BUFLEN_NET:
	case FIELD_EVT_BUFLEN_NET_IN:
	case FIELD_EVT_BUFLEN_NET_OUT:
		return info->result_param >= 0 && type_is_io(info);
	case FIELD_EVT_ABSPATH:
	case FIELD_FS_PATH_NAME:
	case FIELD_FS_PATH_NAMERAW:
	case FIELD_FS_PATH_SOURCE:
	case FIELD_FS_PATH_SOURCERAW:
	case FIELD_FS_PATH_TARGET:
	case FIELD_FS_PATH_TARGETRAW:
		return field_path_of_type(field, info);
	case FIELD_FDLIST_NUMS:
	case FIELD_FDLIST_NAMES:
	case FIELD_FDLIST_CIPS:
	case FIELD_FDLIST_SIPS:
	case FIELD_FDLIST_CPORTS:
	case FIELD_FDLIST_SPORTS:
		for (unsigned i = 0; i < info->n_params; i++)
			if (info->params[i].type == PT_FDLIST)
				return true;
		return false;
	case FIELD_EVT_IS_OPEN_READ:
	case FIELD_EVT_IS_OPEN_WRITE:
	case FIELD_EVT_IS_OPEN_EXEC:
	case FIELD_EVT_IS_OPEN_CREATE:
		return (info->traits & EF_CREATES_FD) || c->asks_right ||
		       check_value(f, c, &(struct value){.kind = VALUE_BOOL});
	default:
		return strcmp(field->info->class, "fd") || field->info->id == FIELD_FD_TYPES ||
		       event_type_has_fd(info);
	}
}

/* ---- numbers ---- */

static bool is_number_column(uint16_t id)
{
	switch (id) {
	case FIELD_EVT_NUM:
	case FIELD_EVT_RAWTIME:
	case FIELD_EVT_RAWTIME_S:
	case FIELD_EVT_RAWTIME_NS:
	case FIELD_EVT_LATENCY:
	case FIELD_EVT_LATENCY_S:
	case FIELD_EVT_LATENCY_NS:
	case FIELD_EVT_CPU:
	case FIELD_THREAD_TID:
	case FIELD_EVT_RAWRES:
	case FIELD_EVT_BUFLEN:
	case FIELD_FD_NUM:
		return true;
	default:
		return false;
	}
}

static int64_t clamp(wide v)
{
	return v > INT64_MAX ? INT64_MAX : v < INT64_MIN ? INT64_MIN : (int64_t)v;
}

static void add_range(struct check *c, wide lo, wide hi)
{
	if (lo <= hi && lo <= INT64_MAX && hi >= INT64_MIN)
		c->ranges[c->n_ranges++] = (struct range){clamp(lo), clamp(hi)};
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Sorted and disjoint, so that one comparison per range, or a search, decides. */
static void merge_ranges(struct check *c)
{
	uint32_t n = 0;

	qsort(c->ranges, c->n_ranges, sizeof *c->ranges, compare_ranges);
	for (uint32_t i = 0; i < c->n_ranges; i++) {
		if (n && (c->ranges[n - 1].hi == INT64_MAX || c->ranges[i].lo <= c->ranges[n - 1].hi + 1)) {
			if (c->ranges[i].hi > c->ranges[n - 1].hi)
				c->ranges[n - 1].hi = c->ranges[i].hi;
		} else {
			c->ranges[n++] = c->ranges[i];
		}
	}
	c->n_ranges = n;
}

static int make_ranges(struct filter *f, struct check *c)
{
	const wide least = INT64_MIN, most = INT64_MAX;

	c->ranges = arena_take(&f->arena, (c->n_values * 2 + 1) * sizeof *c->ranges);
	if (!c->ranges)
		return -ENOMEM;
	if (c->op == OP_EXISTS)
		add_range(c, least, most);
	for (uint32_t i = 0; i < c->n_values; i++) {
		wide v = c->values[i].number;

		switch (c->op) {
		case OP_NE:
			add_range(c, least, v - 1);
			add_range(c, v + 1, most);
			break;
		case OP_LT:
			add_range(c, least, v - 1);
			break;
		case OP_LE:
			add_range(c, least, v);
			break;
		case OP_GT:
			add_range(c, v + 1, most);
			break;
		case OP_GE:
			add_range(c, v, most);
			break;
		default:
			add_range(c, v, v);
		}
	}
	merge_ranges(c);
	return 0;
}

static bool has_only_numbers(const struct check *c)
{
	if (c->op != OP_EQ && c->op != OP_NE && c->op != OP_IN && (c->op < OP_LT || c->op > OP_GE))
		return false;
	for (uint32_t i = 0; i < c->n_values; i++)
		if (!c->values[i].is_number)
			return false;
	return true;
}

/* ---- preparing one check ---- */

#define N_TYPES	   1000 /* about how many event types there are, and errors with a name */
#define N_ERRNOS   140
#define NAME_LEN   32	/* about how long such names are */
#define REGEX_COST 20000

/* About what asking a check for n short names costs, taken from the budget; false: too much is spent.
   The check is then left to the evaluation of each event. */
static bool take_budget(struct filter *f, const struct check *c, uint64_t n)
{
	uint64_t each = 1;

	if (!c->table)
		for (uint32_t i = 0; i < c->n_values; i++)
			each += c->op == OP_REGEX ? REGEX_COST : NAME_LEN * (1 + c->values[i].source.text.len);
	if (each > f->budget / n)
		return false;
	f->budget -= each * n;
	return true;
}

static int prepare_errnos(struct filter *f, struct check *c)
{
	c->errnos = arena_take(&f->arena, ERRNOS_MAX / 8);
	if (!c->errnos)
		return -ENOMEM;
	for (int code = 0; code < ERRNOS_MAX; code++) {
		struct value v = {0};

		if (code && !errno_name(code))
			continue;
		value_text(&v, render_result(-(int64_t)code));
		if (check_value(f, c, &v))
			bit_set(c->errnos, (unsigned)code);
	}
	return 0;
}

static void prepare_bool(struct filter *f, struct check *c, enum column_kind kind)
{
	struct value v = {0};

	c->column = kind;
	if (kind == COLUMN_PART_DIRECTION) {
		value_text(&v, "<");
		c->on_true = check_value(f, c, &v);
		value_text(&v, ">");
		c->on_false = check_value(f, c, &v);
		return;
	}
	value_bool(&v, true);
	c->on_true = check_value(f, c, &v);
	value_bool(&v, false);
	c->on_false = check_value(f, c, &v);
}

static bool has_types(const struct check *c)
{
	const struct field_info *info = c->left.field.info;

	return (info->class[0] == 'e' && info->class[1] == 'v') || info->class[0] == 'f' ||
	       info->id == FIELD_SYSCALL_TYPE;
}

static type_question *type_question_of(const struct field_info *info, bool by_type)
{
	return by_type ? type_passes : info->id == FIELD_EVT_CATEGORY ? category_may_pass : type_has_field;
}

static unsigned needs_of(const struct check *c)
{
	unsigned needs = c->left.field.info->needs;

	for (uint32_t i = 0; c->asks_right && i < c->n_values; i++)
		if (c->values[i].right)
			needs |= c->values[i].right->field.info->needs;
	return needs & ~(unsigned)NEED_COLUMNS;
}

/* Columns of its fields. */
static unsigned columns_of(const struct check *c)
{
	unsigned columns = c->left.field.info->columns;

	for (uint32_t i = 0; c->asks_right && i < c->n_values; i++)
		if (c->values[i].right)
			columns |= c->values[i].right->field.info->columns;
	return columns;
}

static int prepare_check(struct filter *f, struct node *n)
{
	struct check *c = n->check;
	const struct field_info *info = c->left.field.info;
	bool by_type = !c->asks_right && info->needs == NEED_COLUMNS && !(info->columns & ~COLUMN_TYPE) &&
		       info->id != FIELD_EVT_NUM && info->id != FIELD_EVT_HOSTNAME;
	bool single = c->quantifier == QUANT_ANY || c->n_values < 2;

	c->quick = !c->asks_right && (info->id == FIELD_PROC_NAME || info->id == FIELD_FD_NAME);
	c->on_empty = c->quick && check_value(f, c, &(struct value){.kind = VALUE_TEXT, .text = text_of("")});
	n->needs = needs_of(c);
	n->reads = columns_of(c);
	n->cost = n->needs & NEED_PARAMS ? 100 : info->is_list ? 40 : n->needs ? 10 : 4;
	if (c->op == OP_REGEX || c->op == OP_PMATCH)
		n->cost *= 2;
	if (has_types(c) && take_budget(f, c, N_TYPES)) {
		c->types = arena_take(&f->arena, sizeof f->types);
		if (!c->types)
			return -ENOMEM;
		if (types_fill(f, c, type_question_of(info, by_type))) {
			n->useful = true;
			n->columns = COLUMN_TYPE;
		} else if (!by_type) {
			c->types = NULL;
		}
	}
	/* The columns do not have parameters, but the kernel does. */
	if (info->id == FIELD_EVT_RAWARG && !c->asks_right && single && has_only_numbers(c) &&
	    make_ranges(f, c) < 0)
		return -ENOMEM;
	if (c->asks_right) {
		n->cost *= 2;
	} else if (by_type && c->types) {
		c->column = COLUMN_PART_TYPES;
	} else if (is_number_column(info->id) && single) {
		c->column = COLUMN_PART_NUMBER;
		if (make_ranges(f, c) < 0)
			return -ENOMEM;
	} else if (info->id == FIELD_EVT_RES && take_budget(f, c, N_ERRNOS)) {
		c->column = COLUMN_PART_RESULT_NAME;
		if (prepare_errnos(f, c) < 0)
			return -ENOMEM;
	} else if (info->id == FIELD_EVT_DIR) {
		prepare_bool(f, c, COLUMN_PART_DIRECTION);
	} else if (info->id == FIELD_EVT_FAILED) {
		prepare_bool(f, c, COLUMN_PART_FAILED);
	} else if (info->id == FIELD_EVT_UNFINISHED) {
		prepare_bool(f, c, COLUMN_PART_UNFINISHED);
	}
	if (c->column != COLUMN_PART_NONE) {
		n->useful = true;
		n->columns |= info->columns;
		/* What the columns cannot tell: which fd of two (pipe), whether the fd is known (buflen). */
		n->exact = info->id != FIELD_FD_NUM && info->id != FIELD_EVT_BUFLEN;
		n->cost = c->column == COLUMN_PART_TYPES ? 1 : 2;
		if (n->exact)
			n->needs = 0;
	}
	return 0;
}

static int compare_cost(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;

	return x->cost < y->cost ? -1 : x->cost > y->cost;
}

int column_prepare(struct filter *f, struct node *n, struct error *err)
{
	if (n->kind == NODE_CHECK)
		return prepare_check(f, n) < 0 ? error_set(err, -ENOMEM, "out of memory") : 0;
	n->exact = true;
	for (uint32_t i = 0; i < n->n_children; i++) {
		struct node *child = n->children[i];
		int r = column_prepare(f, child, err);

		if (r < 0)
			return r;
		n->columns |= child->columns;
		n->needs |= child->needs;
		n->reads |= child->reads;
		n->exact &= child->exact;
		n->useful |= child->useful;
		n->cost += child->cost;
	}
	if (n->n_children > 1)
		qsort(n->children, n->n_children, sizeof *n->children, compare_cost);
	return 0;
}

/* ---- by type alone ---- */

static struct bits3 check_types_word(const struct filter *f, const struct check *c, unsigned word)
{
	uint64_t may = c->types ? c->types[word] : ~UINT64_C(0), enter = 0;

	if (c->column == COLUMN_PART_TYPES)
		return (struct bits3){may & ~f->unsure[word], may};
	if (c->column != COLUMN_PART_DIRECTION)
		return (struct bits3){0, may};
	/* Public even types are entries; all others return, or are unfinished. */
	if (word < EVENT_TYPE_OWN / 64)
		enter = UINT64_C(0x5555555555555555);
	return (struct bits3){
		.t = (c->on_false ? enter : 0) | (c->on_true && c->on_false ? ~enter : 0),
		.m = (c->on_false ? enter : 0) | (c->on_true || c->on_false ? ~enter : 0),
	};
}

struct bits3 node_types(const struct filter *f, const struct node *n, unsigned word)
{
	struct bits3 b = {0, 0}, part;

	switch (n->kind) {
	case NODE_CONST:
		b.t = b.m = n->value ? ~UINT64_C(0) : 0;
		return b;
	case NODE_CHECK:
		return check_types_word(f, n->check, word);
	case NODE_NOT:
		part = node_types(f, n->children[0], word);
		return (struct bits3){~part.m, ~part.t};
	case NODE_AND:
		b.t = b.m = ~UINT64_C(0);
		for (uint32_t i = 0; i < n->n_children && b.m; i++) {
			part = node_types(f, n->children[i], word);
			b.t &= part.t;
			b.m &= part.m;
		}
		return b;
	default:
		for (uint32_t i = 0; i < n->n_children && ~b.t; i++) {
			part = node_types(f, n->children[i], word);
			b.t |= part.t;
			b.m |= part.m;
		}
		return b;
	}
}
