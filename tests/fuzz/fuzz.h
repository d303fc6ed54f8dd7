/*
 * fuzz.h - what every fuzz target is: one function over foreign bytes.
 *
 * It must hold for any bytes: no crash, no leak, no time that grows faster than the input, and
 * whatever it accepts it writes back to the same bytes. The same file is a libFuzzer program in
 * the fuzz preset and a replay of its corpus (replay.c) in every other.
 */
#ifndef LUM_TESTS_FUZZ_H
#define LUM_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The name is libFuzzer's. Borrows data until it returns; always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
