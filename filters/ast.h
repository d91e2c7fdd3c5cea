/*
 * The tree of a filter. The parser makes it, the checker gives its values their types, and the column
 * part, the kernel part and the evaluation read it.
 */
#pragma once
#include "filters/field_extract.h"
#include "filters/filter.h"
#include "filters/lexer.h"

struct definitions;
struct table;

#define FILTER_DEPTH_MAX  100	/* parentheses within parentheses, as the family has it */
#define FILTER_CHECKS_MAX 8192 /* checks of one filter: bounds what compiling it can cost */
#define FILTER_CALLS_MAX  16   /* transformers within transformers */
#define FILTER_ARGS_MAX	  64   /* arguments of one transformer */
#define FILTER_VALUE_MAX  (256u << 10) /* bytes of a text that transformers make: what is longer is cut */
#define FILTER_VALUES_MAX (1u << 20) /* values of all lists, those from definitions included */
#define FILTER_GLOB_MAX	  4096	/* bytes of a glob pattern: the longest path */
#define FILTER_BUDGET	  (UINT64_C(1) << 31) /* characters compared while compiling: some seconds at most */
#define TYPE_WORDS	  (EVENT_TYPE_MAX / 64)

enum op {
	OP_EXISTS, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE,
	OP_CONTAINS, OP_ICONTAINS, OP_STARTSWITH, OP_ENDSWITH, OP_GLOB, OP_IGLOB, OP_REGEX,
	OP_BCONTAINS, OP_BSTARTSWITH, OP_IN, OP_INTERSECTS, OP_PMATCH,
};
const char *op_name(enum op op);

/* How the values of a list work together: in and intersects mean any. */
enum quantifier { QUANT_ANY, QUANT_ALL };

/* What a field's values are compared as. */
enum value_class { CLASS_TEXT, CLASS_NUMBER, CLASS_BOOL, CLASS_DOUBLE, CLASS_ADDRESS, CLASS_BYTES, CLASS_ANY };
enum value_class value_class_of(enum param_type type);

typedef __int128 wide; /* holds every int64 and uint64 */

struct operand;

/* A value on the right side, as every class that can use it. */
struct literal {
	struct literal_text source;
	struct operand *right;	/* val(field) or transformer(...): asked of each event, the rest is unused */
	bool is_number, is_address;
	wide number; /* CLASS_NUMBER, CLASS_BOOL, CLASS_ANY */
	double real;
	uint8_t address[16], address_len, prefix; /* prefix: bits of a network, all for an address */
	struct text bytes;			  /* OP_BCONTAINS, OP_BSTARTSWITH: decoded from hex */
	void *regex;				  /* OP_REGEX: pcre2_code_8 */
	struct literal *next_regex;		  /* of filter.regexes, which frees them */
};

enum operand_kind { OPERAND_FIELD, OPERAND_TEXT, OPERAND_CALL };
enum transform {
	TRANSFORM_VAL, TRANSFORM_TOLOWER, TRANSFORM_TOUPPER, TRANSFORM_B64, TRANSFORM_BASENAME, TRANSFORM_LEN,
	TRANSFORM_JOIN, TRANSFORM_CONCAT, TRANSFORM_GETOPT, N_TRANSFORMS,
};

/* What stands on the left, and behind val(: a field, or a transformer of operands. */
struct operand {
	enum operand_kind kind;
	/* Of a transformer field.info is `made` below: its words, type and needs, an id that no field has. */
	struct field field;
	struct field_info made;
	struct text text; /* OPERAND_TEXT */
	enum transform transform;
	struct operand **args;
	uint32_t n_args;
	unsigned height; /* scratches that it uses: 1 for a field */
	size_t at;
};

/* Integers from lo to hi, both included. */
struct range {
	int64_t lo, hi;
};

enum column_kind {
	COLUMN_PART_NONE, /* the columns tell nothing */
	COLUMN_PART_TYPES, /* decided by the event's type */
	COLUMN_PART_NUMBER, /* an integer, compared with ranges */
	COLUMN_PART_RESULT_NAME, /* evt.res */
	COLUMN_PART_DIRECTION, COLUMN_PART_FAILED, COLUMN_PART_UNFINISHED,
};

struct check {
	const struct lexer *lexer; /* of the text that it stands in */
	struct operand left;
	enum op op;
	enum quantifier quantifier;
	enum value_class class;
	size_t op_at;
	bool asks_right; /* some value has .right */
	struct literal *values;
	uint32_t n_values;

	struct table *table; /* of a longer list, NULL: values are compared one by one */
	/* Results by interned name: 0 not known yet, 1 false, 2 true. */
	uint8_t *by_id;
	uint32_t n_by_id;
	bool quick;	/* proc.name or fd.name: match.c knows a shortcut */
	bool on_empty;	/* the answer for "" */

	/* The column part. */
	enum column_kind column;
	uint64_t *types;	/* types for which it may hold (TYPE_WORDS words), NULL: any */
	struct range *ranges;	/* COLUMN_PART_NUMBER: sorted, disjoint */
	uint32_t n_ranges;
	uint64_t *errnos;	/* COLUMN_PART_RESULT_NAME: bit per errno, 0 is success */
	bool on_true, on_false; /* COLUMN_PART_DIRECTION ('<' is true), _FAILED, _UNFINISHED: results */
};

enum node_kind { NODE_CONST, NODE_CHECK, NODE_NOT, NODE_AND, NODE_OR };

struct node {
	enum node_kind kind;
	bool value;	     /* NODE_CONST */
	struct check *check; /* NODE_CHECK */
	struct node **children;
	uint32_t n_children;

	/* Set by the column part. */
	unsigned columns; /* it reads these */
	unsigned needs;	  /* what is left for the rest, 0: nothing */
	unsigned reads;	  /* columns of its fields, for evaluating it on one event */
	bool exact;	  /* the columns decide it */
	bool useful;	  /* the columns can rule events out */
	uint32_t cost;	  /* of evaluating it on one event, cheap ones first */
};

/* Where the number of an event's fd is. */
enum fd_source { FD_FROM_NOWHERE, FD_FROM_COLUMN, FD_FROM_RESULT, FD_FROM_STATE };

/* What the column part has to know of a type; found once per type and schema. */
struct type_facts {
	bool known, is_io;
	uint8_t fd_source;   /* enum fd_source */
	uint32_t result_bit; /* 1 << result_param in the absent mask, 0: no result */
	uint32_t fd_bit;
};

struct filter {
	struct arena arena;
	struct node *root;
	uint32_t n_checks;
	uint64_t budget;  /* what is left of FILTER_BUDGET */
	uint32_t ids_max; /* entries that one check may keep by name */
	bool exact;
	bool has_types;
	uint64_t types[TYPE_WORDS];
	/* Types that a name alone does not decide: old generic events, types of newer writers. */
	uint64_t unsure[TYPE_WORDS];
	const struct schema *schema; /* that facts were read from */
	struct type_facts *facts;    /* EVENT_TYPE_MAX */
	uint64_t state_serial;	     /* of the state whose names by_id is about */
	/* Values of one check that are alive at once: of both sides and, in them, of transformers' arguments. */
	struct field_scratch scratch[2 * (FILTER_CALLS_MAX + 1)];
	struct event *event; /* that is looked at, for values asked of it */
	struct state *state;
	const struct check *quick; /* a check that must hold, whose answers are kept by name; NULL: none */
	struct literal *regexes;
	void *match_data, *match_context; /* PCRE2 */
};

/* parser.c: text -> tree. 0 or negative errno with words. */
int filter_parse(struct lexer *l, const struct definitions *names, struct node **ret, uint32_t *ret_n_checks);
/* operand.c: types of what transformers take and give; the value. */
int operand_check(const struct lexer *l, struct operand *o);
bool operand_value(struct filter *f, const struct operand *o, unsigned level, struct event *ev,
		   struct state *st, unsigned nth, struct value *ret);
const char *transform_name(enum transform t);
bool transform_parse(struct text name, enum transform *ret);
/* checker.c: types of values, names, operators that fit. */
int check_types(const struct lexer *l, struct filter *f, struct node *root);
int check_argument(const struct lexer *l, const struct operand *o);
/* literal.c */
int literal_number(const struct lexer *l, struct literal *v, const struct field_info *info);
int literal_bool(const struct lexer *l, struct literal *v, const struct field_info *info);
int literal_address(const struct lexer *l, struct literal *v, const struct field_info *info);
int literal_hex(const struct lexer *l, struct literal *v, struct arena *arena);
bool parse_number(const char *text, enum param_type type, wide *ret, double *ret_real);
/* fold.c: constants, nested and/or, order by cost. */
struct node *node_fold(struct filter *f, struct node *n);
/* column.c */
int column_prepare(struct filter *f, struct node *n, struct error *err);
/* match.c: one value; one event. */
bool check_value(struct filter *f, const struct check *c, const struct value *v);
bool check_event(struct filter *f, struct check *c, struct event *ev, struct state *st);
/* table.c: lists that are looked up instead of compared. table_make: 0 or -ENOMEM; table_find: 1, 0, or -1 when the
   table is not about values of that kind. */
int table_make(struct filter *f, struct check *c);
int table_find(const struct table *t, const struct value *v);
uint32_t text_hash(struct text t);
static inline bool text_equal(struct text a, struct text b)
{
	return a.len == b.len && !memcmp(a.data, b.data, a.len);
}
/* text_match.c */
int glob_check(const struct lexer *l, const struct literal *v);
bool glob_match(struct text pattern, struct text s, bool ignore_case);
bool text_contains_nocase(struct text s, struct text part);
bool path_match(struct text pattern, struct text path);
int regex_compile(const struct lexer *l, struct filter *f, struct literal *v);
void regex_done(struct filter *f);
bool regex_match(struct filter *f, const struct literal *v, struct text s);

static inline bool bit_test(const uint64_t *bits, unsigned i)
{
	return bits[i / 64] >> (i % 64) & 1;
}
static inline void bit_set(uint64_t *bits, unsigned i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}
