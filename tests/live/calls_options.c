/* Parameters whose shape depends on another one: socket options, prctl, keyctl, fsconfig, quotactl.
 */
#include "calls.h"

#include <linux/keyctl.h>
#include <linux/mount.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/quota.h>
#include <sys/socket.h>
#include <sys/time.h>

static void socket_options(void)
{
	struct timeval tv = {5, 250000}, back = {0};
	struct linger linger = {1, 30};
	uint64_t rate = 1ull << 33, cookie = 0;
	int one = 1, value = 0;
	socklen_t len = sizeof value;
	char congestion[16] = "";
	long fd = socket(AF_INET, SOCK_STREAM, 0);

	call(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	must("fd=%ld level=SOL_SOCKET optname=SO_REUSEADDR val=1 optlen=4", fd);
	call(SYS_getsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &value, &len);
	must("fd=%ld level=SOL_SOCKET optname=SO_REUSEADDR val=%d optlen=4", fd, value);
	call(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	must("fd=%ld level=SOL_SOCKET optname=SO_RCVTIMEO val=5250000000 optlen=%d", fd,
	     (int)sizeof tv);
	len = sizeof back;
	call(SYS_getsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &back, &len);
	must("fd=%ld level=SOL_SOCKET optname=SO_RCVTIMEO val=%lld optlen=%d", fd,
	     (long long)back.tv_sec * 1000000000 + back.tv_usec * 1000ll, (int)sizeof back);
	{
		int64_t wide[2] = {7, 1};

		call(SYS_setsockopt, fd, SOL_SOCKET, 67, wide, sizeof wide);
		must("fd=%ld level=SOL_SOCKET optname=SO_SNDTIMEO val=7000001000 optlen=16", fd);
	}
	call(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	must("fd=%ld level=SOL_SOCKET optname=SO_LINGER val=%s optlen=8", fd,
	     data(&linger, sizeof linger));
	call(SYS_setsockopt, fd, SOL_SOCKET, 47, &rate, sizeof rate);
	must("fd=%ld level=SOL_SOCKET optname=SO_MAX_PACING_RATE val=%llu optlen=8", fd,
	     (unsigned long long)rate);
	len = sizeof cookie;
	call(SYS_getsockopt, fd, SOL_SOCKET, 57, &cookie, &len);
	must("fd=%ld level=SOL_SOCKET optname=SO_COOKIE val=%llu optlen=8", fd,
	     (unsigned long long)cookie);
	len = sizeof value;
	call(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &value, &len);
	must("fd=%ld level=SOL_SOCKET optname=SO_ERROR val=0 optlen=4", fd);
	call(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	must("fd=%ld level=SOL_TCP optname=0 val=%s optlen=4", fd, data(&one, sizeof one));
	len = sizeof congestion;
	call(SYS_getsockopt, fd, IPPROTO_TCP, TCP_CONGESTION, congestion, &len);
	must("fd=%ld level=SOL_TCP optname=0 val=%s optlen=%u", fd, data(congestion, len),
	     (unsigned)len);
	call(SYS_setsockopt, fd, IPPROTO_IP, IP_TTL, &one, sizeof one);
	must("fd=%ld level=0 optname=0 val=%s optlen=4", fd, data(&one, sizeof one));
	call(SYS_getsockopt, fd, SOL_SOCKET, SO_REUSEADDR, &value, NOWHERE);
	must("fd=%ld level=SOL_SOCKET optname=SO_REUSEADDR val=- optlen=-", fd);
	call(SYS_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, NOWHERE, sizeof one);
	must("fd=%ld level=SOL_SOCKET optname=SO_REUSEADDR val=%s optlen=4", fd, unreadable(4));
	call(SYS_setsockopt, fd, IPPROTO_TCP, TCP_NODELAY, NULL, -1);
	must("fd=%ld level=SOL_TCP optname=0 val=- optlen=%u", fd, -1u);
	{
		static char big[300];

		memset(big, 'o', sizeof big);
		call(SYS_setsockopt, fd, IPPROTO_TCP, TCP_CONGESTION, big, sizeof big);
		must("fd=%ld level=SOL_TCP optname=0 val=%s optlen=300", fd, data(big, sizeof big));
	}
	close((int)fd);
	/* A refused connection leaves its error there. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connect((int)fd,
		    (void *)&(struct sockaddr_in){AF_INET, htons(1), {htonl(0x7f000001)}, {0}},
		    16) < 0) {
		usleep(20000);
		len = sizeof value;
		call(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &value, &len);
		must("fd=%ld level=SOL_SOCKET optname=SO_ERROR val=%d optlen=4", fd, -value);
	}
	close((int)fd);
}

static void process_control(void)
{
	char name[17] = "";
	int reaper = -1;

	call(SYS_prctl, PR_SET_NAME, "a longer name than fits");
	must("option=PR_SET_NAME arg2_str=%s arg2_int=0", text("a longer name than fits"));
	call(SYS_prctl, PR_GET_NAME, name);
	must("option=PR_GET_NAME arg2_str=%s arg2_int=0", text("a longer name t"));
	call(SYS_prctl, PR_SET_NAME, "calls");
	must("option=PR_SET_NAME arg2_str=calls arg2_int=0");
	call(SYS_prctl, PR_SET_NAME, NOWHERE);
	must("option=PR_SET_NAME arg2_str=- arg2_int=0");
	call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
	must("option=PR_SET_CHILD_SUBREAPER arg2_str=- arg2_int=1");
	call(SYS_prctl, PR_GET_CHILD_SUBREAPER, &reaper);
	must("option=PR_GET_CHILD_SUBREAPER arg2_str=- arg2_int=1");
	call(SYS_prctl, PR_GET_CHILD_SUBREAPER, NOWHERE);
	must("option=PR_GET_CHILD_SUBREAPER arg2_str=- arg2_int=-");
	call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 0);
	must("option=PR_SET_CHILD_SUBREAPER arg2_str=- arg2_int=0");
	call(SYS_prctl, PR_GET_DUMPABLE);
	must("option=PR_GET_DUMPABLE arg2_str=- arg2_int=0");
	call(SYS_prctl, 123456, 789);
	must("option=123456 arg2_str=- arg2_int=789");
}

static void keys(void)
{
	long key;

	call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "ring-of-calls");
	must("operation=KEYCTL_JOIN_SESSION_KEYRING arg2=ring-of-calls arg3=0 arg4=0 arg5=0");
	key = call(SYS_add_key, "user", "calls:key", "secret", 6, KEY_SPEC_PROCESS_KEYRING);
	must("type=user description=calls:key payload=* plen=6 keyring=%d",
	     KEY_SPEC_PROCESS_KEYRING);
	call(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_PROCESS_KEYRING, "user", "calls:key", 0);
	must("operation=KEYCTL_SEARCH arg2=%d arg3=user arg4=calls:key arg5=0",
	     BITS == 32 ? KEY_SPEC_PROCESS_KEYRING : KEY_SPEC_PROCESS_KEYRING);
	call(SYS_request_key, "user", "calls:none", NULL, 0);
	must("type=user description=calls:none callout=- keyring=0");
	call(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 1);
	must("operation=KEYCTL_GET_KEYRING_ID arg2=%d arg3=1 arg4=0 arg5=0",
	     KEY_SPEC_THREAD_KEYRING);
	call(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_PROCESS_KEYRING);
	must("operation=KEYCTL_UNLINK arg2=%ld arg3=%d arg4=0 arg5=0", key,
	     KEY_SPEC_PROCESS_KEYRING);
	call(SYS_keyctl, KEYCTL_RESTRICT_KEYRING, KEY_SPEC_PROCESS_KEYRING, "asymmetric",
	     "key_or_keyring:0");
	must("operation=KEYCTL_RESTRICT_KEYRING arg2=%d arg3=asymmetric arg4=key_or_keyring:0 "
	     "arg5=0",
	     KEY_SPEC_PROCESS_KEYRING);
	call(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NOWHERE);
	must("operation=KEYCTL_JOIN_SESSION_KEYRING arg2=%d arg3=0 arg4=0 arg5=0", 16);
	call(SYS_keyctl, 32, "number", 0, 0, 0);
	must("operation=KEYCTL_WATCH_KEY arg2=* arg3=0 arg4=0 arg5=0");
}

static void file_system_configuration(void)
{
	long fs = call(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);

	must("fs_name=tmpfs flags=1");
	if (fs < 0)
		return;
	call(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", "1m", 0);
	must("fd=%ld cmd=FSCONFIG_SET_STRING key=size value_bytebuf=- value_charbuf=1m aux=0", fs);
	call(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	must("fd=%ld cmd=FSCONFIG_SET_FLAG key=ro value_bytebuf=- value_charbuf=- aux=0", fs);
	call(SYS_fsconfig, fs, FSCONFIG_SET_BINARY, "blob", "\1\2\3", 3);
	must("fd=%ld cmd=FSCONFIG_SET_BINARY key=blob value_bytebuf=%s value_charbuf=- aux=3", fs,
	     data("\1\2\3", 3));
	call(SYS_fsconfig, fs, FSCONFIG_SET_PATH, "path", "/some/where", AT_FDCWD);
	must("fd=%ld cmd=FSCONFIG_SET_PATH key=path value_bytebuf=- value_charbuf=/some/where "
	     "aux=-100",
	     fs);
	call(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	must("fd=%ld cmd=FSCONFIG_CMD_CREATE key=- value_bytebuf=- value_charbuf=- aux=0", fs);
	call(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	must("fs_fd=%ld flags=1 attrs=0", fs);
	if (made.result >= 0)
		close((int)made.result);
	close((int)fs);
}

#define NO_QUOTA_BLOCK                                                                             \
	"dqb_bhardlimit=- dqb_bsoftlimit=- dqb_curspace=- dqb_ihardlimit=- dqb_isoftlimit=- "      \
	"dqb_btime=- dqb_itime=- "
#define NO_QUOTA_INFO "dqi_bgrace=- dqi_igrace=- dqi_flags=- "

static void quotas(void)
{
	struct {
		uint64_t bhard, bsoft, space, ihard, isoft, inodes, btime, itime;
		uint32_t valid;
	} block = {11, 12, 13, 14, 15, 16, 17, 18, 0x3f};
	struct {
		uint64_t bgrace, igrace;
		uint32_t flags, valid;
	} info = {21, 22, 1, 7};
	uint32_t format = 77;

	call(SYS_quotactl, QCMD(Q_QUOTAON, USRQUOTA), "/dev/none", 2, "/quota.user");
	must("special=/dev/none quotafilepath=/quota.user " NO_QUOTA_BLOCK NO_QUOTA_INFO
	     "quota_fmt_out=- cmd=Q_QUOTAON type=USRQUOTA id=2 quota_fmt=QFMT_VFS_V0");
	call(SYS_quotactl, QCMD(Q_SETQUOTA, GRPQUOTA), "/dev/none", 1000, &block);
	must("special=/dev/none quotafilepath=- dqb_bhardlimit=11 dqb_bsoftlimit=12 "
	     "dqb_curspace=13 dqb_ihardlimit=14 "
	     "dqb_isoftlimit=15 dqb_btime=17 dqb_itime=18 " NO_QUOTA_INFO
	     "quota_fmt_out=- cmd=Q_SETQUOTA type=GRPQUOTA id=1000 quota_fmt=-");
	call(SYS_quotactl, QCMD(Q_SETINFO, USRQUOTA), "/dev/none", 0, &info);
	must("special=/dev/none quotafilepath=- " NO_QUOTA_BLOCK
	     "dqi_bgrace=21 dqi_igrace=22 dqi_flags=V1_DQF_RSQUASH quota_fmt_out=- cmd=Q_SETINFO "
	     "type=USRQUOTA id=0 "
	     "quota_fmt=-");
	/* These would have filled what the call points to, but failed. */
	call(SYS_quotactl, QCMD(Q_GETQUOTA, USRQUOTA), "/dev/none", 0, &block);
	must("special=/dev/none quotafilepath=- " NO_QUOTA_BLOCK NO_QUOTA_INFO
	     "quota_fmt_out=- cmd=Q_GETQUOTA type=USRQUOTA id=0 quota_fmt=-");
	call(SYS_quotactl, QCMD(Q_GETFMT, USRQUOTA), "/dev/none", 0, &format);
	must("special=/dev/none quotafilepath=- " NO_QUOTA_BLOCK NO_QUOTA_INFO
	     "quota_fmt_out=- cmd=Q_GETFMT type=USRQUOTA id=0 quota_fmt=-");
	call(SYS_quotactl, QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL);
	must("special=- quotafilepath=- " NO_QUOTA_BLOCK NO_QUOTA_INFO
	     "quota_fmt_out=- cmd=Q_SYNC type=USRQUOTA id=0 quota_fmt=-");
}

void calls_options(void)
{
	socket_options();
	process_control();
	keys();
	file_system_configuration();
	quotas();
}
