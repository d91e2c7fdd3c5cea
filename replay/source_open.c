#include "replay/source_open.h"
#include "format/pcapng_block.h"
#include "format/scap.h"
#include "format/scap_input.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_MAX  4096 /* section header and what follows it: enough to tell captures apart */
#define PROBE_MIN 28   /* an option-less pcapng section header */

struct kind {
	const char *magic;
	size_t len;
	const char *words; /* what it is and the remedy */
};

static const struct kind kinds[] = {
    {"\xfd\x37zXZ", 5, "compressed with xz; decompress it first: xzcat FILE | scapread -r -"},
    {"BZh", 3, "compressed with bzip2; decompress it first: bzcat FILE | scapread -r -"},
    {"\xd4\xc3\xb2\xa1", 4, "network packets (pcap); tcpdump, tshark and Wireshark read it"},
    {"\xa1\xb2\xc3\xd4", 4, "network packets (pcap); tcpdump, tshark and Wireshark read it"},
    {"\x4d\x3c\xb2\xa1", 4, "network packets (pcap); tcpdump, tshark and Wireshark read it"},
    {"\xa1\xb2\x3c\x4d", 4, "network packets (pcap); tcpdump, tshark and Wireshark read it"},
    {"\x7f"
     "ELF",
     4, "a program; to capture what it does: scapcap -w FILE.scap -- PROGRAM"},
    {"PERFILE2", 8, "a recording of perf; perf script reads it"},
    {"#!", 2, "a script; to capture what it does: scapcap -w FILE.scap -- SCRIPT"},
};

const char *source_path_name(const char *path)
{
	return strcmp(path, "-") ? path : "standard input";
}

/* The first bytes of a pipe, left in it: tee() copies into a second pipe. 0: it cannot be told. */
static ssize_t peek_pipe(int fd, uint8_t *head, size_t len)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	int copy[2];
	ssize_t n;

	if (pipe2(copy, O_CLOEXEC) < 0)
		return 0;
	poll(&ready, 1, -1);
	n = tee(fd, copy[1], len, 0);
	close(copy[1]);
	if (n > 0)
		n = read(copy[0], head, (size_t)n);
	close(copy[0]);
	return n < 0 ? 0 : n;
}

/* *ret_len bytes of head; *ret_whole: the input has no more than these. */
static int peek(int fd, const struct stat *st, uint8_t *head, size_t *ret_len, bool *ret_whole,
		struct error *err)
{
	ssize_t n = 0;

	*ret_whole = false;
	if (S_ISREG(st->st_mode) || S_ISBLK(st->st_mode)) {
		/* standard input may have been read from: count from where it stands */
		off_t at = lseek(fd, 0, SEEK_CUR);

		n = pread(fd, head, HEAD_MAX, at < 0 ? 0 : at);
		*ret_whole = n >= 0 && n < HEAD_MAX;
	} else if (S_ISFIFO(st->st_mode)) {
		n = peek_pipe(fd, head, HEAD_MAX);
	} else if (S_ISSOCK(st->st_mode)) {
		n = recv(fd, head, HEAD_MAX, MSG_PEEK);
	}
	if (n < 0)
		return error_set(err, -errno, "cannot read: %s", strerror(errno));
	*ret_len = (size_t)n;
	return 0;
}

static bool looks_like_text(const uint8_t *head, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isprint(head[i]) && !isspace(head[i]) && head[i] < 0x80)
			return false;
	return len > 0;
}

/* A pcapng file that is not ours: the block behind its header tells the families apart. */
static int describe_pcapng(const uint8_t *head, size_t len, struct error *err)
{
	struct cursor c = cursor_over(head, len);
	uint32_t header_len, type;

	cursor_u32(&c);
	header_len = cursor_u32(&c);
	cursor_bytes(&c, header_len < 8 ? 0 : header_len - 8);
	type = cursor_u32(&c);
	if (!cursor_failed(&c) && type == PCAPNG_INTERFACE)
		return error_set(
		    err, -ENOTSUP,
		    "network packets (pcapng) without system calls; tshark and Wireshark read it");
	return error_set(err, -ENOTSUP, "a pcapng file without system calls");
}

static int describe(const uint8_t *head, size_t len, bool whole, struct error *err)
{
	uint32_t first = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (len >= kinds[i].len && !memcmp(head, kinds[i].magic, kinds[i].len))
			return error_set(err, -ENOTSUP, "not a capture but %s", kinds[i].words);
	if (len >= sizeof first)
		memcpy(&first, head, sizeof first);
	if (first == PCAPNG_SECTION)
		return describe_pcapng(head, len, err);
	if (looks_like_text(head, len))
		return error_set(err, -ENOTSUP, "not a capture but text");
	return error_set(err, -ENOTSUP, "not a capture%s",
			 whole && len < PROBE_MIN ? " (too short)" : "");
}

/* 0: it may be a native capture, 1: a genuine .scap file. */
static int check(int fd, struct error *err)
{
	uint8_t head[HEAD_MAX];
	size_t len = 0;
	struct stat st;
	bool whole;
	int r;

	if (fstat(fd, &st) < 0)
		return error_set(err, -errno, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return error_set(err, -EISDIR, "is a directory; name a capture file in it");
	if (isatty(fd))
		return error_set(err, -EINVAL, "is a terminal; give a capture: scapread -r FILE");
	r = peek(fd, &st, head, &len, &whole, err);
	if (r < 0)
		return r;
	if (len == 0 && (whole || S_ISFIFO(st.st_mode)))
		return error_set(err, -ENODATA, "is empty; nothing was captured into it");
	if (scap_reader_probe(head, len))
		return 1;
	/* A pipe may hand over its first bytes in pieces: then the reader must judge. */
	if (len < PROBE_MIN && !whole)
		return 0;
	if (len >= PROBE_MIN && native_reader_probe(head, len))
		return 0;
	if (len < PROBE_MIN && len >= 4 && !memcmp(head, "\x0a\x0d\x0d\x0a", 4))
		return error_set(err, -ENODATA, "ends within its header, after %zu bytes", len);
	return describe(head, len, whole, err);
}

/*
 * A .scap file, or what is compressed as a whole: only its first bytes, decompressed, tell whose capture that is.
 */
static struct source *open_scap(int fd, const char *name, const struct source_options *options, struct error *err)
{
	struct scap_input bytes;
	uint8_t *head;
	size_t len;
	int r = scap_input_init(&bytes, fd) < 0 ? error_set(err, -ENOMEM, "out of memory") : 0;

	bytes.stop = options->stop;
	if (r < 0 || (r = scap_input_fill(&bytes, PROBE_MIN + 4, err)) < 0) {
		scap_input_done(&bytes);
		error_prefix(err, "%s", name);
		return NULL;
	}
	head = bytes.window + bytes.start;
	len = scap_input_have(&bytes);
	if (bytes.packing != SCAP_PLAIN && !scap_reader_probe(head, len) && native_reader_probe(head, len))
		return native_reader_new_packed(&bytes, name, options, err);
	return scap_reader_new_from(&bytes, name, options, err);
}

struct source *source_open(const char *path, const struct source_options *options,
			   struct error *err)
{
	static const struct source_options defaults;
	const char *name = source_path_name(path);
	int fd, kind;

	fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(0, F_DUPFD_CLOEXEC, 0);
	if (fd < 0) {
		error_set(err, -errno, "%s: %s", name, strerror(errno));
		return NULL;
	}
	kind = check(fd, err);
	if (kind < 0) {
		error_prefix(err, "%s", name);
		close(fd);
		return NULL;
	}
	options = options ? options : &defaults;
	return kind ? open_scap(fd, name, options, err) : native_reader_new(fd, name, options, err);
}
