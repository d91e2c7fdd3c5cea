/*
 * Between the files of the parser: parser.c has and, or, not and operators, parse_operand.c fields,
 * transformers and values.
 */
#pragma once
#include "filters/ast.h"
#include "filters/definitions.h"

/* A macro that is being expanded, to notice one that leads back to itself. */
struct expansion {
	const struct macro *macro;
	const struct expansion *outer;
};

struct parser {
	struct lexer *l; /* of the filter, or of the macro that is being read */
	const struct definitions *names; /* NULL: none */
	const struct expansion *expansion;
	unsigned depth;
	uint32_t n_checks; /* and operands of transformers */
	uint32_t n_values; /* of all lists */
};

int parse_out_of_memory(struct parser *p);
/* One more check or operand; -EINVAL with words beyond FILTER_CHECKS_MAX. */
int parse_count(struct parser *p, size_t at);
/* A field, or transformer(...). */
int parse_operand(struct parser *p, struct operand *ret);
int parse_value(struct parser *p, struct check *c, struct literal *ret);
/* (a, b, c) or the name of a list. */
int parse_list(struct parser *p, struct check *c);
