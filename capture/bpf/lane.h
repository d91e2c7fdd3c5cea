/*
 * Where records go: each CPU has a ring of its own, a lane, for what changes state and one for the rest, in memory
 * that user space has mapped. With one writer and one reader there are no locks, and the kernel's helpers for
 * ring buffers, which cost 70 ns a record, are not needed. Behind a lane's end there is room for the longest
 * record: none breaks off there.
 */
#pragma once
#include "shared.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1); /* CPUs, and one for the iterator, which other programs interrupt */
	__uint(key_size, sizeof(u32));
	__uint(value_size, 4096); /* these maps are made by user space */
} state_lanes SEC(".maps"), bulk_lanes SEC(".maps");

#define COPY_BLOCK 64

/* Room for one record. */
struct claim {
	struct lane *lane;
	struct record *record; /* NULL: there is none */
	u64 next;
};

/* size is at most RECORD_MAX, the lane's a power of two. */
static __always_inline struct claim lane_claim(void *lanes, u32 lane_size, u32 number, u32 size)
{
	struct claim c = {.lane = bpf_map_lookup_elem(lanes, &number)};
	u64 head, at, end;

	if (!c.lane)
		return c;
	head = c.lane->head;
	at = head & (lane_size - 1);
	end = at + LANE_ROUND(size);
	c.next = end < lane_size ? head - at + end : head - at + lane_size;
	if (c.next + COPY_BLOCK - *(volatile u64 *)&c.lane->tail <= lane_size)
		c.record = (void *)(c.lane->data + at);
	return c;
}

/* The record is whole: who reads may have it. */
static __always_inline void lane_publish(const struct claim *c)
{
#if defined(__TARGET_ARCH_x86)
	asm volatile("" ::: "memory"); /* stores are seen in their order */
	*(volatile u64 *)&c->lane->head = c->next;
#else
	__sync_lock_test_and_set(&c->lane->head, c->next);
#endif
}

/* Copies without a call where the record is short: in whole blocks, for which lane_claim() has left room. */
static __always_inline void lane_copy(struct record *to, const struct record *from, u32 size)
{
	if (size > 4 * COPY_BLOCK) {
		bpf_probe_read_kernel(to, size, from);
		return;
	}
#pragma unroll
	for (u32 block = 0; block < 4; block++) {
		if (block && size <= block * COPY_BLOCK)
			break;
#pragma unroll
		for (u32 i = 0; i < COPY_BLOCK / 8; i++)
			((u64 *)to)[block * COPY_BLOCK / 8 + i] = ((const u64 *)from)[block * COPY_BLOCK / 8 + i];
	}
}
