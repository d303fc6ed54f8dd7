/*
 * record_row.h - the row of one record under `rec`, and a walk over it that builds nothing.
 *
 *   row  = head u8 | shelf u8 | id 16 | collection | change | first | [key: length, bytes]
 *          | cell count | cell ..  | [rest, unless plain]
 *   head = life (2 bits) | has conflicts or stands in `conflict` as revived | plain | keyed
 *   cell = field | n | sibling ..     n = 0: one sibling, written at `first`: length, value
 *                                     n > 0: n times place, length, value
 *   rest = touch | existence | newest | drops        lists: count, elements
 *   drop = place | kept u8 | seen list               place = lno, seq, op
 *   plain: existence and newest are just `first`, and so is touch; there are no drops
 *
 * Numbers without a width are varints: seven bits a byte, lowest first, the top bit says more.
 * A record nobody touched after it was made is plain: its row is little more than its values.
 */
#ifndef LUM_CORE_RECORD_ROW_H
#define LUM_CORE_RECORD_ROW_H

#include "core/record.h"

/* Appends the row; life and whether it is listed as a conflict are worked out here. */
void lum_record_write(const struct lum_record *record, struct lum_buf *out);
/* Key and values borrow from row; rno is the caller's to fill. CORRUPT when it does not read. */
LUM_MUST_USE enum lum_status lum_record_read(struct lum_bytes row, struct lum_arena *arena,
                                             struct lum_record *out);

/* A row's head, and a walk over its cells. Borrows from the row. */
struct lum_row {
    enum lum_life life;
    bool is_listed; /* has rows in `conflict` */
    bool is_plain;
    uint8_t shelf;
    const uint8_t *id;
    uint32_t collection;
    uint64_t change;
    struct lum_place first;
    struct lum_bytes key;
    uint32_t cells_left;
    const uint8_t *at; /* the next cell */
    const uint8_t *end;
};
struct lum_row_cell {
    uint32_t field;
    uint32_t count;         /* of siblings */
    struct lum_bytes value; /* of the only sibling; empty when there are more */
};

/* False when it does not read. */
bool lum_row_open(struct lum_bytes bytes, struct lum_row *out);
/* The cells in order of field number; false after the last, or when one does not read (then
 * cells_left is not 0). */
bool lum_row_next(struct lum_row *row, struct lum_row_cell *out);

#endif
