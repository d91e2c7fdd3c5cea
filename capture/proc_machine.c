/* Users, groups and network interfaces of the machine. */
#include "capture/proc_read.h"

#include <errno.h>
#include <grp.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdlib.h>

#define NAMED_MAX 65536u /* users, groups, addresses: each */

static struct text keep(struct snapshot *sn, const char *text)
{
	return text ? proc_keep(&sn->texts, text, strlen(text), ENTRY_TEXT_MAX) : (struct text){0};
}

static int take_user(struct snapshot *sn, const struct passwd *p)
{
	struct proc_named *n;

	if (!p || sn->n_users >= NAMED_MAX || snapshot_user(sn, p->pw_uid))
		return 0;
	if (!(n = proc_more((void **)&sn->users, sn->n_users, &sn->cap_users, sizeof *n)))
		return -ENOMEM;
	n->user = (struct user_entry){.uid = p->pw_uid,
				      .gid = p->pw_gid,
				      .name = keep(sn, p->pw_name),
				      .home = keep(sn, p->pw_dir),
				      .shell = keep(sn, p->pw_shell)};
	sn->n_users++;
	return 0;
}

static int take_group(struct snapshot *sn, const struct group *g)
{
	struct proc_named *n;

	if (!g || sn->n_groups >= NAMED_MAX || snapshot_group(sn, g->gr_gid))
		return 0;
	if (!(n = proc_more((void **)&sn->groups, sn->n_groups, &sn->cap_groups, sizeof *n)))
		return -ENOMEM;
	n->group = (struct group_entry){.gid = g->gr_gid, .name = keep(sn, g->gr_name)};
	sn->n_groups++;
	return 0;
}

/*
 * All that can be listed: later events may bring any of them, when asking is no longer possible. And
 * those of running tasks by number, for databases that do not list.
 */
int proc_users(struct snapshot *sn)
{
	const struct passwd *p;
	const struct group *g;
	int r = 0;

	setpwent();
	while (r == 0 && sn->n_users < NAMED_MAX && (p = getpwent()))
		r = take_user(sn, p);
	endpwent();
	setgrent();
	while (r == 0 && sn->n_groups < NAMED_MAX && (g = getgrent()))
		r = take_group(sn, g);
	endgrent();
	return r < 0 ? r : proc_users_running(sn);
}

int proc_users_running(struct snapshot *sn)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sn->n_tasks; i++) {
		const struct thread_entry *e = &sn->tasks[i].e;

		if (!i || sn->tasks[i - 1].e.uid != e->uid || sn->tasks[i - 1].e.gid != e->gid)
			r = proc_user(sn, e->uid, e->gid);
	}
	return r;
}

#define NOBODY UINT32_MAX /* no login, or unknown: asking loads and asks all databases there are */

int proc_user(struct snapshot *sn, uint32_t uid, uint32_t gid)
{
	int r = 0;

	if (uid != NOBODY && !snapshot_user(sn, uid) && !(sn->has_no_user && sn->no_user == uid)) {
		r = take_user(sn, getpwuid(uid));
		sn->has_no_user = true;
		sn->no_user = uid;
	}
	if (r == 0 && gid != NOBODY && !snapshot_group(sn, gid) &&
	    !(sn->has_no_group && sn->no_group == gid)) {
		r = take_group(sn, getgrgid(gid));
		sn->has_no_group = true;
		sn->no_group = gid;
	}
	return r;
}

static void take_address(uint8_t out[16], const struct sockaddr *a)
{
	if (!a)
		return;
	if (a->sa_family == AF_INET)
		memcpy(out, &((const struct sockaddr_in *)a)->sin_addr, 4);
	else if (a->sa_family == AF_INET6)
		memcpy(out, &((const struct sockaddr_in6 *)a)->sin6_addr, 16);
}

int proc_interfaces(struct snapshot *sn)
{
	struct ifaddrs *list = NULL;
	size_t cap = 0;
	int r = 0;

	/* Without them roles of sockets are guessed: no reason to fail. */
	if (getifaddrs(&list) < 0)
		return 0;
	for (struct ifaddrs *i = list; i && r == 0 && sn->n_interfaces < NAMED_MAX; i = i->ifa_next) {
		struct interface_entry *e;

		if (!i->ifa_addr ||
		    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		e = proc_more((void **)&sn->interfaces, sn->n_interfaces, &cap, sizeof *e);
		if (!e) {
			r = -ENOMEM;
			break;
		}
		e->type = i->ifa_addr->sa_family == AF_INET ? 1 : 2;
		take_address(e->addr, i->ifa_addr);
		take_address(e->netmask, i->ifa_netmask);
		if (e->type == 1)
			take_address(e->broadcast, i->ifa_broadaddr);
		e->name = keep(sn, i->ifa_name);
		sn->n_interfaces++;
	}
	freeifaddrs(list);
	return r;
}
