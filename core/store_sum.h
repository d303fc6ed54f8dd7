/*
 * store_sum.h - four bytes with every row of a store, by which damage shows when the row is read.
 *
 * Over the number of the table, the key and the value, so a row that came to stand elsewhere shows
 * as well. It is no cipher: whoever may write the file may also write the sum.
 */
#ifndef LUM_CORE_STORE_SUM_H
#define LUM_CORE_STORE_SUM_H

#include "core/mem.h"

enum {
    LUM_STORE_SUM = 4
};

/* One changed bit, or any change within eight bytes, always changes the 64 bits from which these
 * 32 are taken; then, as with any other change, one in 2^32 goes unseen. In the machine's order of
 * bytes, as all of LMDB's file is. Multiply and shift by words, after M. O'Neill's and others' use
 * of it for hashing; some 0.3 ns a byte. */
uint32_t lum_store_sum(uint32_t table, struct lum_bytes key, struct lum_bytes value);

/* Writes the sum behind the value, into the four bytes that follow it. */
void lum_store_sum_put(uint32_t table, struct lum_bytes key, uint8_t *value, size_t len);
/* Takes the sum off; false when it is not that of the row. */
bool lum_store_sum_take(uint32_t table, struct lum_bytes key, struct lum_bytes *value);

#endif
