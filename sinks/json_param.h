/*
 * One parameter as a JSON value, by its type:
 *
 *	numbers, fds, pids, ids, ports, times	a number
 *	flags, enumerations, modes		{"value":524288,"names":["O_RDONLY","O_CLOEXEC"]}
 *	signals, system call ids		{"value":9,"names":["SIGKILL"]}
 *	text and paths				a string
 *	buffers					a string (hex or base64 when the view says so)
 *	args, env, cgroups of processes		an array of strings
 *	socket addresses			{"family":"AF_INET","ip":"10.0.0.1","port":80}, {"family":"AF_UNIX","path":"/run/x"}
 *	tuples					{"family":"AF_INET","sip":..,"sport":..,"dip":..,"dport":..},
 *						{"family":"AF_UNIX","source":..,"peer":..,"path":..}
 *	poll lists				[{"fd":3,"events":{"value":1,"names":["POLLIN"]}}]
 *	memory				json_memory.h
 *	addresses, IPv4 networks		"10.0.0.1", "10.0.0.0/255.0.0.0"
 *	absent, text that was not available	null
 *
 * Values are complete: nothing is shortened.
 */
#pragma once
#include "state/render.h"

/* What is behind a parameter, so that frequent shapes need no look at the schema. */
enum json_kind {
	JSON_ANY, /* json_param() knows */
	JSON_SIGNED,
	JSON_UNSIGNED,
	JSON_TEXT,
	JSON_BYTES,  /* as a string */
	JSON_MEMORY, /* json_memory() knows */
};
enum json_kind json_kind_of(const struct event_info *event, unsigned i,
			    const struct render_options *render);

void json_param(struct buffer *out, struct event *ev, unsigned i, const struct render_options *render);
