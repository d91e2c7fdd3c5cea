#include "capture/privilege.h"

#include "base/option.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned id_from(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);
	uint64_t v;

	if (!text || option_number(text, 0, UINT32_MAX - 1, &v, NULL) < 0)
		return otherwise;
	return (unsigned)v;
}

void privilege_invoker(unsigned *ret_uid, unsigned *ret_gid)
{
	*ret_uid = getuid();
	*ret_gid = getgid();
	/* Only root can have been lent by sudo; for anybody else these are just words. */
	if (*ret_uid == 0) {
		*ret_uid = id_from("SUDO_UID", 0);
		*ret_gid = id_from("SUDO_GID", *ret_gid);
	}
}

uint64_t privilege_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2];

	if (syscall(SYS_capget, &head, have) < 0)
		return 0;
	return have[0].effective | (uint64_t)have[1].effective << 32;
}

int privilege_drop(struct error *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2];
	unsigned uid, gid;

	privilege_invoker(&uid, &gid);
	if (geteuid() == 0 && uid != 0 && (setgroups(1, &gid) < 0 || setgid(gid) < 0 || setuid(uid) < 0))
		return error_set(err, -errno, "becoming user %u: %s", uid, strerror(errno));
	memset(none, 0, sizeof none);
	if (syscall(SYS_capset, &head, none) < 0)
		return error_set(err, -errno, "dropping capabilities: %s", strerror(errno));
	/* Nothing that we might start could gain them back. */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return 0;
}
