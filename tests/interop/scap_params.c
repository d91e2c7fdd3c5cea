/*
 * Every event of a capture with its parameters as bytes, for comparisons by script:
 * number, time, CPU, thread, type, name, then NAME=HEX of each parameter, all behind tabs. A parameter
 * that is absent has no digits. Time from entry to exit stands behind the name, - where there is none.
 *
 * usage: scap_params [--raw] FILE
 */
#include "format/event.h"
#include "replay/source_open.h"

#include <inttypes.h>
#include <stdio.h>

static void print_event(struct event *ev)
{
	printf("%" PRIu64 "\t%" PRIu64 "\t%u\t%" PRId64 "\t%u\t%s\t", ev->number, ev->time_ns, ev->cpu, ev->tid,
	       ev->type, ev->info->name);
	if (ev->duration_ns == DURATION_NONE)
		printf("-");
	else
		printf("%" PRIu64, ev->duration_ns);
	for (unsigned i = 0; i < ev->n_params; i++) {
		const struct param *p = event_param(ev, i);

		printf("\t%s=", ev->info->params[i].name);
		for (uint32_t k = 0; p->data && k < p->len; k++)
			printf("%02x", p->data[k]);
	}
	printf("%s\n", ev->damaged ? "\t(damaged)" : "");
}

static int print_batch(struct batch *b, struct error *err)
{
	int r = batch_need(b, COLUMNS_ALL, err);
	struct event ev;

	for (uint32_t i = 0; r == 0 && i < b->n_events; i++) {
		event_at(&ev, b, i);
		print_event(&ev);
	}
	return r;
}

int main(int argc, char **argv)
{
	struct source_options options = {0};
	struct error err = {0};
	struct source *s;
	struct item item;
	int r, status = 0;

	options.raw_events = argc > 2 && strcmp(argv[1], "--raw") == 0;
	if (argc < 2 || !(s = source_open(argv[argc - 1], &options, &err))) {
		fprintf(stderr, "scap_params: %s\n", argc < 2 ? "which file?" : err.text);
		return 2;
	}
	while ((r = source_next(s, &item, &err)) != 0) {
		if (r > 0 && item.kind == ITEM_EVENTS)
			r = print_batch(item.batch, &err);
		if (r < 0) {
			fprintf(stderr, "scap_params: %s\n", err.text);
			error_clear(&err);
			status = 1;
		}
	}
	source_close(s);
	return status;
}
