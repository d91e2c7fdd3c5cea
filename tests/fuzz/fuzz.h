/*
 * A fuzz target is one function that takes any bytes. libFuzzer calls it with -Dfuzz=true; without,
 * fuzz_main.c calls it with every file of its corpus, as a regression test.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
