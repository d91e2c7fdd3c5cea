#include "capture/packet_capture.h"

#include "base/clock.h"
#include "capture/pcap_library.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DISPATCH_MAX 256     /* packets of one interface at once */
#define GRACE_MS     30	     /* at the end: a connection's last packets come behind the exit of its process */
#define REST_NS	     500000000u	 /* then for what waits in the kernel: where more and more comes, no longer */
#define LOOK_NS	     1000000000u /* how often the clocks are compared, and drops asked for */

static const struct pcap_library *pcap; /* from the first packet_capture_open() on */

struct handle {
	pcap_t *pcap;
	char name[PACKET_NAME_MAX];
	uint16_t link_type;
	uint32_t snaplen;
	uint32_t tick_ns; /* what the second part of its time stamps counts */
	int fd;
	struct packet_capture *owner;
};

/* In the queue, in front of a packet's bytes. */
struct queued {
	uint64_t time_ns;
	uint32_t captured, original;
	uint32_t handle;
	uint32_t room;		/* with this head, a multiple of 8; captured 0xFFFFFFFF: the rest is empty */
};
#define FILLER UINT32_MAX

struct packet_capture {
	struct handle handles[PACKET_HANDLES_MAX];
	size_t n_handles;
	pthread_t thread;
	bool runs;
	int wake;		/* eventfd: end */
	uint64_t offset_ns;	/* of the wall clock to the boot clock at the start: the capture's clock */
	int64_t shift_ns;	/* what the wall clock has moved since */
	uint64_t look_ns;
	pthread_mutex_t lock;
	/* under lock: */
	uint8_t *queue;
	size_t head, tail, used; /* bytes: where the next is taken, where it is put */
	uint64_t n_overflows, n_dropped;
	/* of the reader: */
	struct source source;
	struct source *inner;
	bool ended;
	uint8_t *current;	/* the packet that was given last */
	struct capture_info info;
	struct packet_interface interfaces[PACKET_HANDLES_MAX];
	struct loss_entry loss;
	uint64_t n_lost, told_ns;
};

/* ---- opening ---- */

static int handle_fail(struct handle *h, int code, const char *name, struct error *err)
{
	bool denied = code == PCAP_ERROR_PERM_DENIED || code == PCAP_ERROR_PROMISC_PERM_DENIED;
	const char *words = pcap->geterr(h->pcap), *status = pcap->statustostr(code);

	if (!strcmp(words, status))
		words = "";
	return error_set(err, denied ? -EPERM : -EINVAL, "-i %s: %s%s%s%s", name, status,
			 words[0] ? ": " : "", words, denied ? " (root can, or whoever has CAP_NET_RAW)" : "");
}

static int handle_filter(struct handle *h, const char *filter, struct error *err)
{
	struct bpf_program program;
	int r;

	if (pcap->compile(h->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
		return error_set(err, -EINVAL, "--packets: %s", pcap->geterr(h->pcap));
	r = pcap->setfilter(h->pcap, &program);
	pcap->freecode(&program);
	return r < 0 ? error_set(err, -EINVAL, "--packets: %s", pcap->geterr(h->pcap)) : 0;
}

/*
 * A loopback interface shows each packet twice. libpcap passes over the one that goes out, of which half of the
 * kernel's memory would be full, and half of what is counted as dropped (Linux 4.20 and later).
 */
static void ignore_copies(int fd)
{
	struct sockaddr_ll a = {0};
	socklen_t len = sizeof a;

	if (getsockname(fd, (struct sockaddr *)&a, &len) == 0 && a.sll_family == AF_PACKET &&
	    a.sll_hatype == ARPHRD_LOOPBACK)
		setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &(int){1}, sizeof(int));
}

static int handle_open(struct handle *h, const char *name, const char *filter, struct error *err)
{
	char words[PCAP_ERRBUF_SIZE] = "";
	int r;

	h->pcap = pcap->create(name, words);
	if (!h->pcap)
		return error_set(err, -EINVAL, "-i %s: %s", name, words);
	snprintf(h->name, sizeof h->name, "%s", name);
	pcap->set_snaplen(h->pcap, PACKET_LEN_MAX);
	pcap->set_buffer_size(h->pcap, PACKET_KERNEL_BYTES);
	/* What is written waits for events anyway; packets that wait in the kernel come out of order. */
	pcap->set_immediate_mode(h->pcap, 1);
	pcap->set_tstamp_precision(h->pcap, PCAP_TSTAMP_PRECISION_NANO);
	r = pcap->activate(h->pcap);
	if (r < 0)
		return handle_fail(h, r, name, err);
	h->link_type = (uint16_t)pcap->datalink(h->pcap);
	h->snaplen = (uint32_t)pcap->snapshot(h->pcap);
	h->tick_ns = pcap->get_tstamp_precision(h->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
	if (filter && (r = handle_filter(h, filter, err)) < 0)
		return r;
	h->fd = pcap->get_selectable_fd(h->pcap);
	if (h->fd < 0 || pcap->setnonblock(h->pcap, 1, words) < 0)
		return error_set(err, -EINVAL, "-i %s: cannot be waited for: %s", name, words);
	ignore_copies(h->fd);
	return 0;
}

struct packet_capture *packet_capture_open(const struct packet_capture_options *options, struct error *err)
{
	static const char *const any[] = {"any"};
	const char *const *names = options->n_interfaces ? options->interfaces : any;
	size_t n = options->n_interfaces ? options->n_interfaces : 1;
	struct packet_capture *p;
	int r = 0;

	pcap = pcap_library_load(err);
	if (!pcap)
		return NULL;
	p = calloc(1, sizeof *p);
	if (!p || !(p->queue = malloc(PACKET_QUEUE_BYTES))) {
		free(p);
		error_set(err, -ENOMEM, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	p->wake = eventfd(0, EFD_CLOEXEC);
	if (p->wake < 0)
		r = error_set(err, -errno, "packets: %s", strerror(errno));
	for (size_t i = 0; i < n && r == 0; i++) {
		p->handles[i].owner = p;
		r = handle_open(&p->handles[i], names[i], options->filter, err);
		p->n_handles = i + 1;
	}
	if (r == 0)
		return p;
	packet_capture_free(p);
	return NULL;
}

/* ---- the thread ---- */

static void put_queued(uint8_t *at, const struct queued *q)
{
	memcpy(at, q, sizeof *q);
}

/* Room for a packet at the queue's end, in one piece. NULL: it is full. */
static uint8_t *queue_room(struct packet_capture *p, uint32_t room)
{
	size_t to_end = PACKET_QUEUE_BYTES - p->tail;

	if (to_end < room) {
		if (p->used + to_end + room > PACKET_QUEUE_BYTES)
			return NULL;
		if (to_end >= sizeof(struct queued))
			put_queued(p->queue + p->tail, &(struct queued){.captured = FILLER});
		p->used += to_end;
		p->tail = 0;
	}
	return p->used + room > PACKET_QUEUE_BYTES ? NULL : p->queue + p->tail;
}

static void take(u_char *context, const struct pcap_pkthdr *header, const u_char *data)
{
	struct handle *h = (struct handle *)context;
	struct packet_capture *p = h->owner;
	struct queued q = {
		.time_ns = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec * h->tick_ns -
			   (uint64_t)p->shift_ns,
		.captured = header->caplen < PACKET_LEN_MAX ? header->caplen : PACKET_LEN_MAX,
		.original = header->len,
		.handle = (uint32_t)(h - p->handles),
	};
	uint8_t *at;

	q.room = (uint32_t)(sizeof q + q.captured + 7) & ~7u;
	pthread_mutex_lock(&p->lock);
	at = queue_room(p, q.room);
	if (at) {
		put_queued(at, &q);
		memcpy(at + sizeof q, data, q.captured);
		p->tail = (p->tail + q.room) % PACKET_QUEUE_BYTES;
		p->used += q.room;
	} else {
		p->n_overflows++;
	}
	pthread_mutex_unlock(&p->lock);
}

/* What the kernel dropped until now, and how far the wall clock has moved. */
static void look_around(struct packet_capture *p)
{
	struct pcap_stat stats;
	uint64_t n = 0;

	p->shift_ns = (int64_t)(clock_offset(CLOCK_BOOTTIME, CLOCK_REALTIME) - p->offset_ns);
	for (size_t i = 0; i < p->n_handles; i++)
		if (pcap->stats(p->handles[i].pcap, &stats) == 0)
			n += (uint64_t)stats.ps_drop + stats.ps_ifdrop;
	pthread_mutex_lock(&p->lock);
	p->n_dropped = n;
	pthread_mutex_unlock(&p->lock);
}

/* How many packets came of it. */
static int drain(struct packet_capture *p)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME);
	int n = 0;

	if (now >= p->look_ns) {
		p->look_ns = now + LOOK_NS;
		look_around(p);
	}
	for (size_t i = 0; i < p->n_handles; i++) {
		int r = pcap->dispatch(p->handles[i].pcap, DISPATCH_MAX, take, (u_char *)&p->handles[i]);

		if (r < 0)
			p->handles[i].fd = -1; /* the interface went away: poll() passes over it */
		else
			n += r;
	}
	return n;
}

static void *capture_main(void *context)
{
	const struct timespec grace = {.tv_nsec = GRACE_MS * 1000000};
	struct packet_capture *p = context;
	struct pollfd fds[PACKET_HANDLES_MAX + 1];
	uint64_t until;

	do {
		for (size_t i = 0; i < p->n_handles; i++)
			fds[i] = (struct pollfd){.fd = p->handles[i].fd, .events = POLLIN};
		fds[p->n_handles] = (struct pollfd){.fd = p->wake, .events = POLLIN};
		poll(fds, p->n_handles + 1, -1);
		drain(p);
	} while (!fds[p->n_handles].revents);
	/* The end: what still comes within a moment is taken, too, and all that waits. */
	nanosleep(&grace, NULL);
	until = clock_ns(CLOCK_BOOTTIME) + REST_NS;
	while (drain(p) > 0 && clock_ns(CLOCK_BOOTTIME) < until)
		;
	look_around(p);
	return NULL;
}

int packet_capture_start(struct packet_capture *p, struct error *err)
{
	sigset_t all, before;
	int r;

	p->offset_ns = clock_offset(CLOCK_BOOTTIME, CLOCK_REALTIME);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&p->thread, NULL, capture_main, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	p->runs = r == 0;
	return r ? error_set(err, -r, "cannot start a thread for packets: %s", strerror(r)) : 0;
}

/* Takes what has come until now, and ends the thread. */
static void capture_stop(struct packet_capture *p)
{
	if (!p->runs)
		return;
	eventfd_write(p->wake, 1);
	pthread_join(p->thread, NULL);
	p->runs = false;
}

void packet_capture_free(struct packet_capture *p)
{
	if (!p)
		return;
	capture_stop(p);
	for (size_t i = 0; i < p->n_handles; i++)
		if (p->handles[i].pcap)
			pcap->close(p->handles[i].pcap);
	if (p->wake >= 0)
		close(p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p->queue);
	free(p->current);
	free(p);
}

/* ---- as a source ---- */

static struct packet_capture *capture_of(struct source *s)
{
	return (struct packet_capture *)((char *)s - offsetof(struct packet_capture, source));
}

/* 1: *ret says what was lost since this was asked last; 0: nothing, or it is too early. */
static int take_losses(struct packet_capture *p, struct item *ret)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME) + p->offset_ns, n;

	if (!p->ended && now - p->told_ns < LOOK_NS)
		return 0;
	pthread_mutex_lock(&p->lock);
	n = p->n_overflows + p->n_dropped;
	pthread_mutex_unlock(&p->lock);
	p->loss = (struct loss_entry){.from_ns = p->told_ns ? p->told_ns : now, .to_ns = now, .cpu = UINT32_MAX,
				      .class = LOSS_PACKETS, .count = n - p->n_lost};
	p->told_ns = now;
	if (n <= p->n_lost)
		return 0;
	p->n_lost = n;
	*ret = (struct item){.kind = ITEM_LOSS, .loss = &p->loss};
	return 1;
}

static void tell_interfaces(struct packet_capture *p, struct item *item)
{
	p->info = *item->capture;
	for (size_t i = 0; i < p->n_handles; i++) {
		const struct handle *h = &p->handles[i];
		struct packet_interface *f = &p->interfaces[i];

		*f = (struct packet_interface){.link_type = h->link_type, .snaplen = h->snaplen,
					       .name_len = (uint32_t)strlen(h->name)};
		memcpy(f->name, h->name, f->name_len);
	}
	p->info.interfaces = p->interfaces;
	p->info.n_interfaces = (uint32_t)p->n_handles;
	item->capture = &p->info;
}

static int packets_next(struct source *s, struct item *ret, struct error *err)
{
	struct packet_capture *p = capture_of(s);
	int r = take_losses(p, ret);

	if (r || p->ended)
		return r;
	r = source_next(p->inner, ret, err);
	if (r > 0 && ret->kind == ITEM_CAPTURE)
		tell_interfaces(p, ret);
	if (r)
		return r;
	capture_stop(p);
	p->ended = true;
	return take_losses(p, ret);
}

/* The head of the packet that is to be taken next, under lock; false: there is none. */
static bool queue_front(struct packet_capture *p, struct queued *ret)
{
	size_t to_end = PACKET_QUEUE_BYTES - p->head;

	if (!p->used)
		return false;
	if (to_end >= sizeof *ret)
		memcpy(ret, p->queue + p->head, sizeof *ret);
	if (to_end < sizeof *ret || ret->captured == FILLER) {
		p->used -= to_end;
		p->head = 0;
		memcpy(ret, p->queue, sizeof *ret);
	}
	return true;
}

static int packets_packet(struct source *s, uint64_t until_ns, struct packet *ret, struct error *err)
{
	struct packet_capture *p = capture_of(s);
	const struct handle *h;
	struct queued q;
	bool due;

	if (!p->current && !(p->current = malloc(PACKET_LEN_MAX)))
		return error_set(err, -ENOMEM, "out of memory");
	pthread_mutex_lock(&p->lock);
	ret->time_ns = queue_front(p, &q) ? q.time_ns : UINT64_MAX;
	due = ret->time_ns <= until_ns && ret->time_ns != UINT64_MAX;
	if (due) {
		memcpy(p->current, p->queue + p->head + sizeof q, q.captured);
		p->head = (p->head + q.room) % PACKET_QUEUE_BYTES;
		p->used -= q.room;
	}
	pthread_mutex_unlock(&p->lock);
	if (!due)
		return 0;
	h = &p->handles[q.handle];
	*ret = (struct packet){.time_ns = q.time_ns, .link_type = h->link_type, .snaplen = h->snaplen,
			       .interface = text_of(h->name), .captured = q.captured, .original = q.original,
			       .data = p->current};
	return 1;
}

static void packets_stats(struct source *s, struct source_stats *ret)
{
	source_stats(capture_of(s)->inner, ret);
}

static void packets_close(struct source *s)
{
}

struct source *source_packets_new(struct source *inner, struct packet_capture *p)
{
	static const struct source_ops ops = {
		.name = "packets", .next = packets_next, .close = packets_close, .stats = packets_stats,
		.packet = packets_packet};

	p->inner = inner;
	p->source = (struct source){&ops, inner->schema};
	return &p->source;
}
