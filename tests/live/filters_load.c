/*
 * What filters are tried on: files, exec in the middle, new names, threads, other users, orphans, sockets. Waits for a
 * byte on standard input, works in the given folder, and ends when all its processes have.
 *
 * usage: filters_load FOLDER
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void pause_ms(long ms)
{
	struct timespec t = {.tv_nsec = ms * 1000000};

	nanosleep(&t, NULL);
}

static void read_file(const char *path)
{
	char bytes[200];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return;
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		;
	close(fd);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644), copy;

	if (fd < 0)
		return;
	copy = dup(fd);
	if (write(copy, text, strlen(text)) < 0)
		perror(path);
	close(copy);
	close(fd);
}

static void work_on_files(void)
{
	int dir;

	mkdir("d", 0755);
	write_file("d/one", "first");
	write_file("d/two", "the second one is longer");
	read_file("d/one");
	read_file("d/missing");
	read_file("/etc/passwd");
	dir = open("d", O_RDONLY | O_DIRECTORY);
	if (dir >= 0) {
		int fd = openat(dir, "two", O_RDONLY);
		char c[7];

		if (pread(fd, c, sizeof c, 3) < 0)
			perror("pread");
		close(fd);
		fd = openat(dir, "none", O_RDONLY);
		close(dir);
	}
	rename("d/one", "d/three");
	unlink("d/three");
	rmdir("d"); /* not empty */
}

static void work_on_sockets(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), peer, pair[2];
	char bytes[64];

	bind(server, (struct sockaddr *)&a, sizeof a);
	listen(server, 1);
	getsockname(server, (struct sockaddr *)&a, &len);
	connect(client, (struct sockaddr *)&a, sizeof a);
	peer = accept(server, NULL, NULL);
	send(client, "GET / HTTP/1.0", 14, 0);
	recv(peer, bytes, sizeof bytes, 0);
	close(peer);
	close(client);
	close(server);
	/* Nobody listens there any more. */
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	connect(client, (struct sockaddr *)&a, sizeof a);
	close(client);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
		struct pollfd p = {.fd = pair[1], .events = POLLIN};

		write(pair[0], "x", 1);
		poll(&p, 1, 100);
		read(pair[1], bytes, 1);
		close(pair[0]);
		close(pair[1]);
	}
}

static void *thread_main(void *name)
{
	prctl(PR_SET_NAME, name);
	for (int i = 0; i < 4; i++) {
		read_file("/etc/hostname");
		read_file("/nonesuch");
		pause_ms(1);
	}
	return NULL;
}

static void work_in_threads(void)
{
	static char names[3][16] = {"thr-0", "thr-1", "thr-2"};
	pthread_t t[3];
	int n = 0;

	while (n < 3 && pthread_create(&t[n], NULL, thread_main, names[n]) == 0)
		n++;
	read_file("/etc/hosts");
	while (n)
		pthread_join(t[--n], NULL);
}

static void exec_as(const char *name)
{
	execl(name, name, "worker", (char *)NULL);
	_exit(1);
}

static void *exec_main(void *name)
{
	exec_as(name);
	return NULL;
}

/* As curl or worker: a new image, then a new name, then a child that inherits it. */
static int worker(void)
{
	read_file("/etc/hostname");
	work_on_sockets();
	prctl(PR_SET_NAME, "renamed");
	read_file("/etc/passwd");
	if (fork() == 0) {
		read_file("/etc/hosts");
		read_file("/etc/none");
		_exit(3);
	}
	wait(NULL);
	prctl(PR_SET_NAME, "back");
	getuid();
	read_file("/etc/hostname");
	return 0;
}

static void be_child(void (*work)(void))
{
	if (fork() == 0) {
		work();
		_exit(0);
	}
}

static void child_execs(void)
{
	read_file("/etc/hosts");
	execl("./nonesuch", "nonesuch", (char *)NULL);
	exec_as("./curl");
}

static void child_is_nobody(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		_exit(1);
	getuid();
	read_file("/etc/shadow");
	read_file("/etc/hostname");
	exec_as("./worker");
}

static void child_execs_in_thread(void)
{
	static char name[] = "./curl";
	pthread_t t;

	if (pthread_create(&t, NULL, exec_main, name) == 0)
		pthread_join(t, NULL);
}

/* In memory that processes share. */
static volatile bool *orphan_sleeps;

/*
 * Its child outlives it. It ends while that sleeps: many captures look at each call one after the other, and a parent
 * that goes meanwhile would be there for some of them alone.
 */
static void child_leaves_orphan(void)
{
	if (fork() == 0) {
		prctl(PR_SET_NAME, "orphan");
		*orphan_sleeps = true;
		pause_ms(50);
		read_file("/etc/hosts");
		read_file("/etc/none");
		return;
	}
	while (!*orphan_sleeps)
		pause_ms(1);
}

static void child_exports_nothing(void)
{
	if (vfork() == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	pause_ms(30);
}

int main(int argc, char **argv)
{
	static const char *const links[] = {"curl", "worker"};
	char self[4096] = "", go;
	ssize_t n;

	if (argc == 2 && !strcmp(argv[1], "worker"))
		return worker();
	n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (argc != 2 || n < 0 || chdir(argv[1]))
		return 2;
	orphan_sleeps = mmap(NULL, sizeof *orphan_sleeps, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (orphan_sleeps == MAP_FAILED)
		return 2;
	/* Orphans come to us, so that all have ended when we end. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (read(0, &go, 1) != 1)
		return 2;
	for (int i = 0; i < 2; i++)
		if (symlink(self, links[i]) && errno != EEXIST)
			return 2;
	work_on_files();
	work_on_sockets();
	be_child(child_execs);
	be_child(child_is_nobody);
	work_in_threads();
	be_child(child_execs_in_thread);
	be_child(child_leaves_orphan);
	be_child(child_exports_nothing);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	work_on_files();
	return 0;
}
