/*
 * The tree of processes, with what each did: --tree.
 *
 * A process is known by its pid and when it was made, as pids are used again.
 */
#include "sinks/call_name.h"
#include "sinks/groups.h"
#include "sinks/output.h"
#include "sinks/sink.h"
#include "sinks/text_table.h"

#include <errno.h>
#include <stdlib.h>

#define ANCESTORS_MAX 64  /* how far up: bounds a loop of parents */
#define DEPTH_MAX     100 /* how far right the tree grows; deeper ones stand below each other */
#define COMMAND_MAX   240 /* characters of a command line */
#define NO_PARENT     UINT32_MAX

struct process_key {
	int64_t pid;
	uint64_t made_ns; /* 0: before anybody looked */
};

struct node {
	bool known;
	uint32_t index, parent; /* numbers in the table */
	uint32_t first_child, next_sibling, last_child; /* while printing; index + 1, 0: none */
	int64_t pid;
	uint64_t calls, errors, read, written, first_ns, last_ns;
	bool exited;
	int32_t exit_status, exit_signal;
	char command[COMMAND_MAX + 1];
};

struct tree_sink {
	struct sink sink;
	bool json;
	struct groups *nodes;
	/* The node of the thread of the previous event: most come in a row. */
	uint64_t last_version; /* of the thread; no other thread ever has it */
	struct node *last_node;
	struct buffer prefix;
	struct output output;
};

/* "ls -l /etc" */
static void take_command(struct node *n, const struct thread *t)
{
	const char *name = t->exe[0] ? t->exe : t->comm;
	size_t len = strlen(name);

	if (len > COMMAND_MAX)
		len = COMMAND_MAX;
	memcpy(n->command, name, len);
	for (uint32_t i = 0; i < t->args_len && len < COMMAND_MAX; i++) {
		if (i == 0)
			n->command[len++] = ' ';
		if (len < COMMAND_MAX && (t->args[i] || i + 1 < t->args_len))
			n->command[len++] = t->args[i] ? t->args[i] : ' ';
	}
	n->command[len] = 0;
}

static struct process_key key_of(struct state *st, const struct thread *t)
{
	const struct thread *main = state_thread_main(st, t);

	return (struct process_key){.pid = t->pid, .made_ns = main ? main->clone_ns : 0};
}

/* The node of a thread's process, made with those of its ancestors. */
static struct node *node_take(struct tree_sink *s, struct state *st, const struct thread *t,
			      struct error *err)
{
	const size_t n_before = groups_count(s->nodes);
	struct node *first = NULL, *below = NULL;

	for (unsigned i = 0; t && i < ANCESTORS_MAX; i++) {
		struct process_key key = key_of(st, t);
		struct node *n = groups_take(s->nodes, &key, sizeof key, err);
		bool known;

		if (!n)
			return NULL;
		known = n->known;
		if (!known) {
			n->known = true;
			n->index = (uint32_t)groups_count(s->nodes) - 1;
			n->parent = NO_PARENT;
			n->pid = t->pid;
			take_command(n, t);
		}
		/* What damage says may be a circle of parents. */
		if (known && n->index >= n_before)
			break;
		if (below)
			below->parent = n->index;
		if (!first)
			first = n;
		if (known)
			break;
		below = n;
		t = state_thread_parent(st, t);
	}
	return first;
}

static struct node *node_of(struct tree_sink *s, struct event *ev, struct state *st,
			    struct error *err)
{
	const struct thread *t = st->now.thread;

	if (t->version != s->last_version || !s->last_node) {
		s->last_node = node_take(s, st, t, err);
		s->last_version = t->version;
		if (s->last_node && t->tid == t->pid)
			take_command(s->last_node, t);
	}
	return s->last_node;
}

static void note_exit(struct node *n, struct event *ev)
{
	unsigned i;
	const struct param *status = event_param_named(ev, "status", &i);
	int64_t v;

	if (!status || !param_number(status, ev->info->params[i].type, &v))
		return;
	n->exited = true;
	n->exit_status = (int32_t)(v >> 8 & 0xff);
	n->exit_signal = (int32_t)(v & 0x7f);
}

static int tree_event(struct sink *sink, struct event *ev, struct state *st, struct error *err)
{
	struct tree_sink *s = (struct tree_sink *)sink;
	unsigned category = ev->info->category & 0xff;
	struct node *n;

	if (!st->now.thread)
		return 0;
	n = node_of(s, ev, st, err);
	if (!n)
		return err->code;
	if (!n->first_ns)
		n->first_ns = ev->time_ns - (ev->duration_ns == DURATION_NONE ? 0 : ev->duration_ns);
	n->last_ns = ev->time_ns;
	if (!strcmp(ev->info->name, "procexit") && st->now.thread->tid == st->now.thread->pid)
		note_exit(n, ev);
	if (!call_returned(ev))
		return 0;
	n->calls++;
	n->errors += call_failed(ev);
	if (ev->result > 0 && category == EC_IO_READ)
		n->read += (uint64_t)ev->result;
	if (ev->result > 0 && category == EC_IO_WRITE)
		n->written += (uint64_t)ev->result;
	return 0;
}

/* ---- the end ---- */

enum { TREE_PID, TREE_CALLS, TREE_ERRORS, TREE_READ, TREE_WRITTEN, TREE_SECONDS, TREE_STATUS, TREE_COMMAND, N_TREE };

static const struct table_column columns[N_TREE] = {
    [TREE_PID] = {"pid", "proc.pid"},
    [TREE_CALLS] = {"calls"},
    [TREE_ERRORS] = {"errors"},
    [TREE_READ] = {"read"},
    [TREE_WRITTEN] = {"written"},
    [TREE_SECONDS] = {"seconds"},
    [TREE_STATUS] = {"exit"},
    [TREE_COMMAND] = {"command", NULL, 0, true},
};

static const struct table_column json_columns[N_TREE + 1] = {
    [TREE_PID] = {"proc.pid"},
    [TREE_CALLS] = {"calls"},
    [TREE_ERRORS] = {"errors"},
    [TREE_READ] = {"read"},
    [TREE_WRITTEN] = {"written"},
    [TREE_SECONDS] = {"seconds"},
    [TREE_STATUS] = {"exit"},
    [TREE_COMMAND] = {"command"},
    [N_TREE] = {"proc.ppid"},
};

static void put_status(struct table *t, const struct node *n)
{
	const char *signal = n->exit_signal ? signal_name(n->exit_signal) : NULL;

	if (!n->exited)
		table_cell(t, "", 0, TABLE_NONE);
	else if (signal)
		table_cell(t, signal, strlen(signal), TABLE_TEXT);
	else
		table_number(t, n->exit_signal ? -n->exit_signal : n->exit_status);
}

static void put_node(struct tree_sink *s, struct table *t, const struct node *n)
{
	const size_t len = strlen(n->command);

	table_number(t, n->pid);
	table_unsigned(t, n->calls);
	table_unsigned(t, n->errors);
	table_unsigned(t, n->read);
	table_unsigned(t, n->written);
	if (n->first_ns)
		table_format(t, TABLE_NUMBER, "%.6f", (double)(n->last_ns - n->first_ns) / 1e9);
	else
		table_cell(t, "", 0, TABLE_NONE);
	put_status(t, n);
	if (s->json) {
		const struct node *parent =
		    n->parent == NO_PARENT ? NULL : groups_at(s->nodes, n->parent, NULL);

		table_cell(t, n->command, len, TABLE_TEXT);
		if (parent)
			table_number(t, parent->pid);
		else
			table_cell(t, "", 0, TABLE_NONE);
		return;
	}
	buffer_append(&s->prefix, n->command, len);
	table_cell(t, s->prefix.data, s->prefix.len, TABLE_TEXT);
	s->prefix.len -= buffer_failed(&s->prefix) ? 0 : len;
}

static struct node *node_at(struct tree_sink *s, uint32_t index)
{
	return groups_at(s->nodes, index, NULL);
}

/* Children in the order of their first events. */
static void link_children(struct tree_sink *s)
{
	for (uint32_t i = 0; i < groups_count(s->nodes); i++) {
		struct node *n = node_at(s, i), *parent;

		if (n->parent == NO_PARENT)
			continue;
		parent = node_at(s, n->parent);
		if (parent->last_child)
			node_at(s, parent->last_child - 1)->next_sibling = i + 1;
		else
			parent->first_child = i + 1;
		parent->last_child = i + 1;
	}
}

/* Depth first without recursion: a hostile capture may be one long chain. */
static void put_tree(struct tree_sink *s, struct table *t, struct node *root)
{
	static const char branch[] = "├─ ", last[] = "└─ ", line[] = "│  ", gap[] = "   ";
	struct node *n = root;
	unsigned depth = 0;

	buffer_clear(&s->prefix);
	for (;;) {
		size_t before = s->prefix.len;

		if (n != root && depth <= DEPTH_MAX)
			buffer_printf(&s->prefix, "%s", n->next_sibling ? branch : last);
		put_node(s, t, n);
		if (!buffer_failed(&s->prefix))
			s->prefix.len = before;
		if (n->first_child) {
			if (n != root && depth <= DEPTH_MAX)
				buffer_printf(&s->prefix, "%s", n->next_sibling ? line : gap);
			depth++;
			n = node_at(s, n->first_child - 1);
			continue;
		}
		while (n != root && !n->next_sibling) {
			n = node_at(s, n->parent);
			depth--;
			if (n != root && depth <= DEPTH_MAX && !buffer_failed(&s->prefix))
				s->prefix.len -= n->next_sibling ? sizeof line - 1 : sizeof gap - 1;
		}
		if (n == root)
			return;
		n = node_at(s, n->next_sibling - 1);
	}
}

static int tree_finish(struct sink *sink, struct error *err)
{
	struct tree_sink *s = (struct tree_sink *)sink;
	struct table *t =
	    s->json ? table_new(json_columns, N_TREE + 1) : table_new(columns, N_TREE);
	int r;

	if (!t)
		return error_set(err, -ENOMEM, "out of memory");
	link_children(s);
	for (uint32_t i = 0; i < groups_count(s->nodes); i++)
		if (node_at(s, i)->parent == NO_PARENT)
			put_tree(s, t, node_at(s, i));
	s->output.bytes.failed = s->output.bytes.failed || buffer_failed(&s->prefix);
	if (s->json)
		table_print_json(t, "", &s->output.bytes);
	else
		table_print(t, false, &s->output.bytes);
	table_free(t);
	r = output_flush(&s->output, err);
	return r > 0 ? 0 : r;
}

static void tree_free(struct sink *sink)
{
	struct tree_sink *s = (struct tree_sink *)sink;

	groups_free(s->nodes);
	buffer_done(&s->prefix);
	output_done(&s->output);
	free(s);
}

static const struct sink_ops tree_ops = {
    .name = "tree",
    .event = tree_event,
    .finish = tree_finish,
    .free = tree_free,
};

struct sink *sink_tree_new(FILE *out, bool json, struct error *err)
{
	struct tree_sink *s = calloc(1, sizeof *s);

	if (!s) {
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	s->sink.ops = &tree_ops;
	s->sink.needs = NEED_PARAMS | NEED_THREADS;
	s->json = json;
	s->output.stream = out;
	s->nodes = groups_new(sizeof(struct node));
	if (!s->nodes) {
		tree_free(&s->sink);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	return &s->sink;
}
