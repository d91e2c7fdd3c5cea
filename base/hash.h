/*
 * FNV-1a, for tables whose keys are short:
 *
 *	h = hash_bytes(HASH_START, name, len);
 *
 * Whoever knows the start can make keys that meet: tables that strangers fill begin with a random one.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HASH_START 2166136261u

static inline uint32_t hash_bytes(uint32_t h, const void *data, size_t len)
{
	const uint8_t *p = (const uint8_t *)data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}
