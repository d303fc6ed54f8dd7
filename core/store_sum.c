/*
 * store_sum.c - a hash that keeps every difference until its last step: each step is a one-to-one
 * map of the state for a given word, and of the word for a given state.
 */
#include "core/store_sum.h"

#include <string.h>

#define ODD UINT64_C(0x9E3779B97F4A7C15) /* 2^64 / golden ratio */

static uint64_t step(uint64_t state, uint64_t word)
{
    state = (state ^ word) * ODD;
    return state ^ state >> 32;
}

static uint64_t add(uint64_t state, struct lum_bytes bytes)
{
    size_t at = 0;
    for (; bytes.len - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, bytes.at + at, sizeof word);
        state = step(state, word);
    }
    if (at < bytes.len) {
        uint64_t word = 0;
        memcpy(&word, bytes.at + at, bytes.len - at);
        state = step(state, word);
    }
    return state;
}

uint32_t lum_store_sum(uint32_t table, struct lum_bytes key, struct lum_bytes value)
{
    uint64_t state = step(table, (uint64_t)key.len << 48 | value.len);
    state = add(add(state, key), value);
    return (uint32_t)(state * ODD >> 32);
}

void lum_store_sum_put(uint32_t table, struct lum_bytes key, uint8_t *value, size_t len)
{
    uint32_t sum = lum_store_sum(table, key, lum_bytes_of(value, len));
    memcpy(value + len, &sum, sizeof sum);
}

bool lum_store_sum_take(uint32_t table, struct lum_bytes key, struct lum_bytes *value)
{
    uint32_t sum;
    if (value->len < sizeof sum) {
        return false;
    }
    value->len -= sizeof sum;
    memcpy(&sum, value->at + value->len, sizeof sum);
    return sum == lum_store_sum(table, key, *value);
}
