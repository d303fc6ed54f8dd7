/*
 * view_late.c - ops put off, in a view that is made anew.
 *
 * An edit of a random record dirties a page for its row alone. Put off and in order of records,
 * many share a page, and a record edited again and again is read and written once.
 *
 *   ops as they come -> many of them, or no more
 *     -> record by record: row read, its ops in the order they came, row written
 *     -> as they came: where each touched record was touched before, to `hist`
 *
 * What an event means to others (its place in `pos`, its L and clock, its verdict) does not wait:
 * nothing of that looks at a record. In a transaction or in several: nobody reads a scratch view.
 *
 *   op = length u32 | rno u48 | lno u32 | seq u48 | op u16 | type u8 | name u32 | places u32
 *        | place ..: lno u32, seq u48, op u16 | value
 *   once it is on its record, behind seq: lno u32 | seq u48 of the touch before; 0 = none to tell
 */
#include <string.h>

#include "core/view_open.h"

enum {
    AT_BITS = 24, /* of an op's offset, below rno in a word of the order */
    BYTES_MAX = 1 << AT_BITS,
    FULL_PAGES = LUM_VIEW_DIRTY_PAGES_MAX / 3, /* that it takes: far from BYTES_MAX by one event */
    DIGIT_BITS = 11,
    DIGITS = 1 << DIGIT_BITS,
    WHO = 4 + 6 + 4 + 6, /* length, rno, lno, seq */
    HEAD = WHO + 2 + 1 + 4 + 4,
    PLACE = 4 + 6 + 2,
    BUDGET_EVERY = 64, /* rows between two looks at the budget */
};

void lum_late_init(struct lum_late *late)
{
    *late = (struct lum_late){0};
    lum_buf_init(&late->bytes, BYTES_MAX);
}

void lum_late_forget(struct lum_late *late)
{
    lum_buf_fini(&late->bytes);
    lum_free(late->order);
    lum_late_init(late);
}

void lum_late_begin(struct lum_late *late, bool is_on)
{
    LUM_ASSERT(is_on || late->bytes.len == 0);
    if (!is_on) {
        lum_late_forget(late);
    }
    late->is_on = is_on;
}

uint64_t lum_late_pages(const struct lum_late *late)
{
    return (late->bytes.len + late->count * sizeof *late->order) / LUM_VIEW_PAGE;
}

bool lum_late_is_full(const struct lum_late *late)
{
    return lum_late_pages(late) >= FULL_PAGES;
}

bool lum_late_is_leaving(const struct lum_late *late)
{
    return late->order != NULL;
}

/* ---- coming ---- */

enum lum_status lum_late_put(struct lum_late *late, uint64_t rno, const struct lum_view_op *op)
{
    size_t len = HEAD + (size_t)op->place_count * PLACE + op->value.len;
    LUM_ASSERT(late->order == NULL && rno >> (64 - AT_BITS) == 0);
    uint8_t *at = lum_buf_extend(&late->bytes, len);
    if (at == NULL) {
        return lum_buf_status(&late->bytes);
    }
    lum_put_u32(at, (uint32_t)len);
    lum_put_u48(at + 4, rno);
    lum_put_u32(at + 10, op->at.lno);
    lum_put_u48(at + 14, op->at.seq);
    lum_put_u16(at + WHO, op->at.op);
    at[WHO + 2] = (uint8_t)op->type;
    lum_put_u32(at + WHO + 3, op->name);
    lum_put_u32(at + WHO + 7, op->place_count);
    at += HEAD;
    for (uint32_t i = 0; i < op->place_count; i++, at += PLACE) {
        lum_put_u32(at, op->places[i].lno);
        lum_put_u48(at + 4, op->places[i].seq);
        lum_put_u16(at + 10, op->places[i].op);
    }
    if (op->value.len > 0) {
        memcpy(at, op->value.at, op->value.len);
    }
    late->count++;
    return LUM_OK;
}

/* ---- in order of records ---- */

/* By one digit of rno; those that are equal in it stay in order. */
static void sort_digit(const uint64_t *from, uint64_t *to, uint32_t count, unsigned shift)
{
    uint32_t start[DIGITS + 1] = {0};
    for (uint32_t i = 0; i < count; i++) {
        start[(from[i] >> shift) % DIGITS + 1]++;
    }
    for (uint32_t digit = 1; digit < DIGITS; digit++) {
        start[digit] += start[digit - 1];
    }
    for (uint32_t i = 0; i < count; i++) {
        to[start[(from[i] >> shift) % DIGITS]++] = from[i];
    }
}

/* By rno, those of one record as they came: words of rno and offset, sorted digit by digit. */
static enum lum_status put_in_order(struct lum_late *late)
{
    uint64_t *order = lum_alloc(late->count * sizeof *order);
    uint64_t *other = lum_alloc(late->count * sizeof *other);
    uint64_t most = 0;
    size_t at = 0;
    if (order == NULL || other == NULL) {
        lum_free(order);
        lum_free(other);
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < late->count; i++) {
        const uint8_t *op = late->bytes.at + at;
        order[i] = lum_get_u48(op + 4) << AT_BITS | at;
        most = order[i] > most ? order[i] : most;
        at += lum_get_u32(op);
    }
    LUM_ASSERT(at == late->bytes.len);
    for (unsigned shift = AT_BITS; shift < 64 && most >> shift != 0; shift += DIGIT_BITS) {
        uint64_t *sorted = other;
        sort_digit(order, sorted, late->count, shift);
        other = order;
        order = sorted;
    }
    lum_free(other);
    late->order = order;
    late->next = 0;
    late->told = 0;
    return LUM_OK;
}

static enum lum_status op_read(const uint8_t *at, struct lum_arena *arena, struct lum_view_op *out)
{
    uint32_t len = lum_get_u32(at);
    uint32_t count = lum_get_u32(at + WHO + 7);
    struct lum_place *places = lum_arena_take(arena, count * sizeof *places);
    if (places == NULL) {
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *place = at + HEAD + (size_t)i * PLACE;
        places[i] =
            (struct lum_place){lum_get_u32(place), lum_get_u48(place + 4), lum_get_u16(place + 10)};
    }
    size_t before = HEAD + (size_t)count * PLACE;
    *out = (struct lum_view_op){
        .type = (enum lum_op_type)at[WHO + 2],
        .at = {lum_get_u32(at + 10), lum_get_u48(at + 14), lum_get_u16(at + WHO)},
        .name = lum_get_u32(at + WHO + 3),
        .value = lum_bytes_of(at + before, len - before),
        .places = places,
        .place_count = count,
    };
    return LUM_OK;
}

/* ---- onto their records ---- */

/* The first op of an event on a record keeps where that was touched before. */
static void touch(struct lum_record *record, const struct lum_place *event, uint8_t *at)
{
    bool is_first = event->lno != record->touch.lno || event->seq != record->touch.seq;
    lum_put_u32(at + WHO, is_first ? record->touch.lno : 0);
    lum_put_u48(at + WHO + 4, record->touch.seq);
    record->touch = (struct lum_place){event->lno, event->seq, 0};
}

static enum lum_status settle_record(struct lum_view *view)
{
    struct lum_late *late = &view->late;
    struct lum_view_open open;
    uint64_t rno = late->order[late->next] >> AT_BITS;
    lum_arena_reset(&view->arena);
    enum lum_status status = lum_view_open_row(view, rno, &open);
    while (status == LUM_OK && late->next < late->count &&
           late->order[late->next] >> AT_BITS == rno) {
        struct lum_view_op op;
        uint8_t *at = late->bytes.at + late->order[late->next] % BYTES_MAX;
        status = op_read(at, &view->arena, &op);
        if (status == LUM_OK) {
            touch(&open.record, &op.at, at);
            status = lum_view_open_op(view, &open, &op);
        }
        late->next++;
    }
    return status == LUM_OK ? lum_view_open_close(view, &open) : status;
}

static enum lum_status tell_next(struct lum_view *view)
{
    const uint8_t *at = view->late.bytes.at + view->late.told;
    const struct lum_place event = {lum_get_u32(at + 10), lum_get_u48(at + 14), 0};
    const struct lum_place before = {lum_get_u32(at + WHO), lum_get_u48(at + WHO + 4), 0};
    view->late.told += lum_get_u32(at);
    return before.lno == 0 ? LUM_OK : lum_view_hist_put(view, lum_get_u48(at + 4), &event, &before);
}

enum lum_status lum_view_late_settle(struct lum_view *view, bool is_last)
{
    struct lum_late *late = &view->late;
    enum lum_status status = LUM_OK;
    if (late->count == 0 || !(is_last || lum_late_is_full(late) || lum_late_is_leaving(late))) {
        return LUM_OK;
    }
    if (!lum_late_is_leaving(late)) {
        status = put_in_order(late);
    }
    for (uint32_t i = 1; status == LUM_OK && late->told < late->bytes.len; i++) {
        status = late->next < late->count ? settle_record(view) : tell_next(view);
        if (status == LUM_OK && i % BUDGET_EVERY == 0 &&
            lum_view_pages(view) >= LUM_VIEW_DIRTY_PAGES_MAX) {
            return LUM_AGAIN;
        }
    }
    if (status == LUM_OK) {
        lum_free(late->order);
        late->order = NULL;
        late->count = 0;
        lum_buf_reset(&late->bytes);
    }
    return status;
}
