/*
 * Arguments as render_args() prints them, for who prints millions: how those of one event type are printed is
 * found out once, and what numbers mean is kept.
 *
 *	struct render_plan *plan = render_plan_new(ev.info);
 *	render_plan_args(plan, &out, &ev, st, &options);	// an event of that row
 *	render_plan_free(plan);
 */
#pragma once
#include "state/render.h"

struct render_plan;

/* NULL: out of memory. info outlives the plan. */
struct render_plan *render_plan_new(const struct event_info *info);
void render_plan_free(struct render_plan *plan);
/* ev->info is the row that the plan was made for. */
void render_plan_args(struct render_plan *plan, struct buffer *out, struct event *ev,
		      const struct state *st, const struct render_options *options);
