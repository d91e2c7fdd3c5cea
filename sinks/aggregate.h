/*
 * Aggregates: what a table says of the events of a group. "count,sum(evt.buflen),p99(evt.latency)":
 *
 *	count			events
 *	sum avg min max(FIELD)	of the values of a field that is a number
 *	p50 p99.9(FIELD)	percentiles, at most 1/32 off
 *	distinct(FIELD)		how many different values, of any field
 */
#pragma once
#include "filters/field.h"
#include "sinks/distribution.h"

#define AGGREGATES_MAX 32

enum aggregate_kind {
	AGGREGATE_COUNT, AGGREGATE_SUM, AGGREGATE_AVERAGE, AGGREGATE_MIN, AGGREGATE_MAX,
	AGGREGATE_PERCENTILE, AGGREGATE_DISTINCT,
};

struct aggregate {
	enum aggregate_kind kind;
	double percent;
	char *text; /* as written: the head of its column; owned */
	struct field field;
	struct field_scratch scratch;
};

struct aggregates {
	struct aggregate rows[AGGREGATES_MAX];
	size_t n;
	unsigned needs; /* enum field_need bits */
};

/* What has been gathered of one group for one aggregate; zeroed at first. */
struct groups;
struct gathered {
	uint64_t n; /* values */
	bool is_double, is_unsigned;
	double sum_double, min_double, max_double;
	__int128 sum, min, max;
	struct distribution *spread;
	struct groups *distinct;
};

/* 0 or negative errno with words; aggregates_done() in any case. */
int aggregates_parse(struct aggregates *a, const char *text, struct error *err);
void aggregates_done(struct aggregates *a);

int aggregate_event(struct aggregate *a, struct gathered *g, struct event *ev, struct state *st,
		    struct error *err);
struct table;
/* Its cell: a number, or nothing where there was no value. */
void aggregate_cell(const struct aggregate *a, const struct gathered *g, struct table *t);
/* For sorting. */
double aggregate_value(const struct aggregate *a, const struct gathered *g);
void gathered_done(struct gathered *g);

/* The field's value as a whole number; false: it has none, or is text. */
bool value_number(const struct value *v, int64_t *ret);
/* Whether the field is a number at all: -EINVAL with words. */
int field_check_number(const struct field *f, const char *for_what, struct error *err);
