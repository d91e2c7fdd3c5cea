/*
 * Runs a command while programs that do nothing are attached to every system call.
 *
 *	nothing OBJECT COMMAND [ARGUMENT...]
 */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_object *object = argc > 2 ? bpf_object__open(argv[1]) : NULL;
	struct bpf_program *program;
	int status = 0;

	if (!object || bpf_object__load(object) < 0) {
		fprintf(stderr, "usage: nothing OBJECT COMMAND [ARGUMENT...]\n");
		return 2;
	}
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program))
			return 1;
	if (fork() == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	wait(&status);
	bpf_object__close(object);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
