/* Threads that make the same calls in each run: each has files and a pipe of its own, and a child at the end. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS	12

static void on_signal(int number)
{
}

static void give_and_take(int fds[2], unsigned me, unsigned round)
{
	char text[64];
	int len = snprintf(text, sizeof text, "thread %u, round %u\n", me, round);

	if (write(fds[1], text, (size_t)len) != len || read(fds[0], text, sizeof text) != len)
		exit(2);
}

struct own {
	unsigned me;
	int fd, fds[2];
	char name[32];
};

/* What has a number is made before there are threads: who would get which is chance. */
static void own_open(struct own *own, unsigned me)
{
	own->me = me;
	snprintf(own->name, sizeof own->name, "thread.%u", me);
	own->fd = open(own->name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (own->fd < 0 || pipe(own->fds) < 0)
		exit(1);
}

static void *work(void *context)
{
	struct own *own = context;
	unsigned me = own->me;
	const char *name = own->name;
	int *fds = own->fds, fd = own->fd;

	for (unsigned round = 0; round < ROUNDS; round++) {
		give_and_take(fds, me, round);
		if (pwrite(fd, name, strlen(name), round * 10) < 0 || lseek(fd, round, SEEK_SET) < 0)
			exit(3);
	}
	close(fds[0]);
	close(fds[1]);
	if (fchmod(fd, 0600) < 0 || ftruncate(fd, 10) < 0)
		exit(6);
	close(fd);
	access(name, R_OK);
	unlink(name);
	rmdir(name);
	return NULL;
}

int main(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	static struct own owns[THREADS];
	pthread_t threads[THREADS];
	int status;
	pid_t child;

	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	for (unsigned i = 0; i < THREADS; i++)
		own_open(&owns[i], i);
	for (unsigned i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, &owns[i]))
			return 4;
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	child = fork();
	if (child == 0) {
		kill(getpid(), SIGTERM);
		_exit(1);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFSIGNALED(status))
		return 5;
	puts("done");
	return 0;
}
