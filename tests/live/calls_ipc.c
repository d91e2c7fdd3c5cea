/* System V and POSIX inter-process communication, and time. */
#include "calls.h"

#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/times.h>
#include <time.h>

#ifdef __i386__
#define SYS_SEMTIMEDOP SYS_semtimedop_time64
#else
#define SYS_SEMTIMEDOP SYS_semtimedop
#endif

static void semaphores(void)
{
	struct sembuf ops[2] = {{0, 1, IPC_NOWAIT}, {1, -2, SEM_UNDO}};
	int64_t soon[2] = {0, 1000000}; /* the same for both */
	long id;

	id = call(SYS_semget, IPC_PRIVATE, 2, IPC_CREAT | 0600);
	must("key=0 nsems=2 semflg=%d", 0x2000 | 0600);
	call(SYS_SEMTIMEDOP, id, ops, 1, soon);
	must("semid=%ld nsops=1 sem_num_0=0 sem_op_0=1 sem_flg_0=IPC_NOWAIT sem_num_1=- sem_op_1=- "
	     "sem_flg_1=- "
	     "timeout=1000000",
	     id);
#ifdef SYS_semop
	ops[1].sem_op = 2;
	call(SYS_semop, id, ops, 2);
	must("semid=%ld nsops=2 sem_num_0=0 sem_op_0=1 sem_flg_0=IPC_NOWAIT sem_num_1=1 sem_op_1=2 "
	     "sem_flg_1=SEM_UNDO",
	     id);
	call(SYS_semop, -1, NOWHERE, 2);
	must("semid=-1 nsops=2 sem_num_0=- sem_op_0=- sem_flg_0=- sem_num_1=- sem_op_1=- "
	     "sem_flg_1=-");
#endif
	call(SYS_semctl, id, 1, SETVAL, 44);
	must("semid=%ld semnum=1 cmd=SETVAL val=44", id);
	call(SYS_semctl, id, 1, GETVAL, 0);
	must("semid=%ld semnum=1 cmd=GETVAL val=0", id);
	call(SYS_semctl, id, 0, IPC_RMID, 0);
	must("semid=%ld semnum=0 cmd=IPC_RMID val=0", id);
}

static void queues(void)
{
	struct {
		long type;
		char text[10];
	} sent = {77, "message"}, got;
	char buf[8192];
	struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 100};
	unsigned priority = 0;
	long id, mq;

	id = call(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	must("key=0 flags=%d", IPC_CREAT | 0600);
	call(SYS_msgsnd, id, &sent, sizeof sent.text, IPC_NOWAIT);
	must("msqid=%ld type=77 msg=%#lx size=10 flags=%d", id, (unsigned long)&sent, IPC_NOWAIT);
	call(SYS_msgrcv, id, &got, sizeof got.text, -100, MSG_NOERROR);
	must("msqid=%ld got_type=77 msg=%#lx size=10 type=-100 flags=%d", id, (unsigned long)&got,
	     MSG_NOERROR);
	call(SYS_msgrcv, id, &got, sizeof got.text, 0, IPC_NOWAIT);
	must("msqid=%ld got_type=- msg=%#lx size=10 type=0 flags=%d", id, (unsigned long)&got,
	     IPC_NOWAIT);
	call(SYS_msgctl, id, IPC_RMID, NULL);
	must("msqid=%ld cmd=0 buf=0", id);
	mq = call(SYS_mq_open, "calls-queue", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
	must("name=calls-queue flags=O_RDWR|O_CREAT|O_NONBLOCK mode=%d attr=%#lx", 0600,
	     (unsigned long)&attr);
	if (mq < 0)
		return;
	call(SYS_mq_timedsend, mq, "posix", 5, 9, NULL);
	must("fd=%ld data=%s size=5 priority=9 timeout=-", mq, data("posix", 5));
	call(SYS_mq_timedreceive, mq, buf, sizeof buf, &priority, NULL);
	must("fd=%ld data=%s size=%d priority=9 timeout=-", mq, data("posix", 5), (int)sizeof buf);
	call(SYS_mq_getsetattr, mq, NULL, NULL);
	must("fd=%ld new_attr=0 old_attr=0", mq);
	close((int)mq);
	call(SYS_mq_unlink, "calls-queue");
	must("name=calls-queue");
}

static void shared(void)
{
	long id, at;

	id = call(SYS_shmget, IPC_PRIVATE, 8192, IPC_CREAT | 0600);
	must("key=0 size=8192 flags=%d", IPC_CREAT | 0600);
	at = call(SYS_shmat, id, NULL, SHM_RDONLY);
	must("shmid=%ld addr=0 flags=%d", id, SHM_RDONLY);
	call(SYS_shmdt, at);
	must("addr=%#lx", (unsigned long)at);
	call(SYS_shmctl, id, IPC_RMID, NULL);
	must("shmid=%ld cmd=0 buf=0", id);
}

void calls_ipc(void)
{
	semaphores();
	queues();
	shared();
}

static long long ns(const struct timespec *t)
{
	return t->tv_sec * 1000000000ll + t->tv_nsec;
}

void calls_times(void)
{
	struct timespec t = {0, 1000}, res = {0, 0};
	struct timeval tv = {0, 0};
	struct itimerval timer = {{0, 0}, {100, 5}}, old;
	struct itimerspec spec = {{3, 1}, {4, 2}}, back;
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	struct timex adjust = {.modes = 0};
	int id = -1;
	char buf[64];

	call(SYS_nanosleep, &t, NULL);
	must("interval=1000");
	call(SYS_nanosleep, NOWHERE, NULL);
	must("interval=-");
	t = (struct timespec){-1, 5};
	call(SYS_nanosleep, &t, NULL);
	must("interval=%llu", (unsigned long long)ns(&t));
	t = (struct timespec){0, 2000};
	call(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL);
	must("clockid=1 flags=0 request=2000 remain=0");
	call(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	must("clockid=1 time=%lld", ns(&t));
	call(SYS_clock_getres, CLOCK_REALTIME, &res);
	must("clockid=0 resolution=%lld", ns(&res));
	call(SYS_clock_settime, 99, &res);
	must("clockid=99 time=%lld", ns(&res));
	call(SYS_gettimeofday, &tv, NULL);
	must("time=%lld tz=0", tv.tv_sec * 1000000000ll + tv.tv_usec * 1000ll);
	call(SYS_time, NULL);
	must("tloc=0");
	call(SYS_times, buf);
	must("buf=%#lx", (unsigned long)buf);
	call(SYS_setitimer, ITIMER_REAL, &timer, NULL);
	must("which=0 interval=0 value=100000005000 old_value=0");
	call(SYS_getitimer, ITIMER_REAL, &old);
	must("which=0 interval=0 value=%lld",
	     old.it_value.tv_sec * 1000000000ll + old.it_value.tv_usec * 1000ll);
	call(SYS_alarm, 0);
	must("seconds=0");
	call(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
	must("clockid=1 sigevent=%#lx timerid=%d", (unsigned long)&event, id);
	call(SYS_timer_settime, id, 0, &spec, NULL);
	must("timerid=%d flags=0 interval=3000000001 value=4000000002 old_setting=0", id);
	call(SYS_timer_gettime, id, &back);
	must("timerid=%d interval=3000000001 value=%lld", id, ns(&back.it_value));
	call(SYS_timer_getoverrun, id);
	must("timerid=%d", id);
	call(SYS_timer_delete, id);
	must("timerid=%d", id);
	call(SYS_adjtimex, &adjust);
	must("modes=0");
#ifdef __i386__
	{
		int64_t wide[2] = {0, 3000};

		call(SYS_clock_nanosleep_time64, CLOCK_MONOTONIC, 0, wide, NULL);
		must("clockid=1 flags=0 request=3000 remain=0");
		call(SYS_clock_gettime64, CLOCK_MONOTONIC, wide);
		must("clockid=1 time=%lld", (long long)(wide[0] * 1000000000 + wide[1]));
	}
#endif
}
