/*
 * record_row.c - writes, reads and walks the rows of `rec`. Layout: core/record_row.h.
 *
 * The bytes are our own, yet they come from a disk: every step is bounded, and what does not read
 * is CORRUPT, never a crash.
 */
#include "core/record_row.h"

#include <string.h>

enum {
    LIFE_BITS = 0x03,
    LISTED = 0x04,
    PLAIN = 0x08,
    KEYED = 0x10,
    VARINT_MAX = 10,
    ROOM_MIN = 4,
};

/* ---- writing ---- */

static uint8_t *put_varint(uint8_t *at, uint64_t v)
{
    while (v >= 0x80) {
        *at++ = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    *at++ = (uint8_t)v;
    return at;
}

static void varint_write(struct lum_buf *out, uint64_t v)
{
    uint8_t bytes[VARINT_MAX];
    lum_buf_put(out, bytes, (size_t)(put_varint(bytes, v) - bytes));
}

static void place_write(struct lum_buf *out, const struct lum_place *place)
{
    uint8_t bytes[3 * VARINT_MAX];
    uint8_t *at = put_varint(bytes, place->lno);
    at = put_varint(at, place->seq);
    at = put_varint(at, place->op);
    lum_buf_put(out, bytes, (size_t)(at - bytes));
}

static void places_write(struct lum_buf *out, const struct lum_place *places, uint32_t count)
{
    varint_write(out, count);
    for (uint32_t i = 0; i < count; i++) {
        place_write(out, &places[i]);
    }
}

static void text_write(struct lum_buf *out, struct lum_bytes text)
{
    varint_write(out, text.len);
    lum_buf_put(out, text.at, text.len);
}

static bool is_only(const struct lum_place *places, uint32_t count, const struct lum_place *place)
{
    return count == 1 && lum_place_compare(&places[0], place) == 0;
}

static bool is_plain(const struct lum_record *record)
{
    return is_only(record->existence, record->existence_count, &record->first) &&
           record->drop_count == 0 && record->touch.lno == record->first.lno &&
           record->touch.seq == record->first.seq &&
           is_only(record->newest, record->newest_count, &record->first);
}

static uint8_t head_of(const struct lum_record *record)
{
    enum lum_life life = lum_record_life(record);
    bool is_listed = life == LUM_REVIVED || (life == LUM_ALIVE && lum_record_conflicts(record) > 0);
    unsigned head = (unsigned)life;
    head |= is_listed ? (unsigned)LISTED : 0U;
    head |= is_plain(record) ? (unsigned)PLAIN : 0U;
    head |= record->key.len > 0 ? (unsigned)KEYED : 0U;
    return (uint8_t)head;
}

static void cell_write(struct lum_buf *out, const struct lum_record *record,
                       const struct lum_cell *cell)
{
    bool is_at_first =
        cell->count == 1 && lum_place_compare(&cell->siblings[0].at, &record->first) == 0;
    uint8_t head[2 * VARINT_MAX];
    uint8_t *at = put_varint(head, cell->field);
    at = put_varint(at, is_at_first ? 0 : cell->count);
    lum_buf_put(out, head, (size_t)(at - head));
    for (uint32_t i = 0; i < cell->count; i++) {
        if (!is_at_first) {
            place_write(out, &cell->siblings[i].at);
        }
        text_write(out, cell->siblings[i].value);
    }
}

static void drop_write(struct lum_buf *out, const struct lum_drop *drop)
{
    place_write(out, &drop->at);
    lum_buf_put_byte(out, drop->is_kept);
    places_write(out, drop->seen, drop->seen_count);
}

void lum_record_write(const struct lum_record *record, struct lum_buf *out)
{
    uint8_t head = head_of(record);
    lum_buf_put_byte(out, head);
    lum_buf_put_byte(out, record->shelf);
    lum_buf_put(out, record->id.b, sizeof record->id.b);
    varint_write(out, record->collection);
    varint_write(out, record->change);
    place_write(out, &record->first);
    if (record->key.len > 0) {
        text_write(out, record->key);
    }
    varint_write(out, record->cell_count);
    for (uint32_t i = 0; i < record->cell_count; i++) {
        cell_write(out, record, &record->cells[i]);
    }
    if ((head & PLAIN) != 0) {
        return;
    }
    place_write(out, &record->touch);
    places_write(out, record->existence, record->existence_count);
    places_write(out, record->newest, record->newest_count);
    varint_write(out, record->drop_count);
    for (uint32_t i = 0; i < record->drop_count; i++) {
        drop_write(out, &record->drops[i]);
    }
}

/* ---- walking ---- */

static uint64_t long_varint(struct lum_row *row)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && row->at < row->end; shift += 7) {
        uint8_t byte = *row->at++;
        v |= (uint64_t)(byte & 0x7fU) << shift;
        if (byte < 0x80) {
            return v;
        }
    }
    row->end = NULL; /* cut off, or too long: nothing reads any more */
    row->at = NULL;
    return 0;
}

static inline uint64_t varint(struct lum_row *row)
{
    return row->at < row->end && *row->at < 0x80 ? *row->at++ : long_varint(row);
}

static inline bool is_broken(const struct lum_row *row)
{
    return row->end == NULL;
}

static struct lum_bytes raw(struct lum_row *row, uint64_t len)
{
    if (len > (uint64_t)(row->end - row->at)) {
        row->at = NULL;
        row->end = NULL;
    }
    if (is_broken(row)) {
        return (struct lum_bytes){0};
    }
    struct lum_bytes taken = {row->at, (size_t)len};
    row->at += len;
    return taken;
}

static struct lum_place place_read(struct lum_row *row)
{
    struct lum_place place = {.lno = (uint32_t)varint(row)};
    place.seq = varint(row);
    place.op = (uint16_t)varint(row);
    return place;
}

bool lum_row_open(struct lum_bytes bytes, struct lum_row *out)
{
    enum {
        HEAD = 2 + 16,
    };
    if (bytes.len < HEAD) {
        return false;
    }
    uint8_t head = bytes.at[0];
    *out = (struct lum_row){
        .life = (enum lum_life)(head & LIFE_BITS),
        .is_listed = (head & LISTED) != 0,
        .is_plain = (head & PLAIN) != 0,
        .shelf = bytes.at[1],
        .id = bytes.at + 2,
        .at = bytes.at + HEAD,
        .end = bytes.at + bytes.len,
    };
    out->collection = (uint32_t)varint(out);
    out->change = varint(out);
    out->first = place_read(out);
    if ((head & KEYED) != 0) {
        out->key = raw(out, varint(out));
    }
    out->cells_left = (uint32_t)varint(out);
    return !is_broken(out);
}

static void skip_siblings(struct lum_row *row, uint64_t count)
{
    for (uint64_t i = 0; i < count && !is_broken(row); i++) {
        (void)place_read(row);
        (void)raw(row, varint(row));
    }
}

bool lum_row_next(struct lum_row *row, struct lum_row_cell *out)
{
    if (row->cells_left == 0) {
        return false;
    }
    out->field = (uint32_t)varint(row);
    uint64_t n = varint(row);
    out->value = (struct lum_bytes){0};
    out->count = n == 0 ? 1 : (uint32_t)n;
    if (n > 1) {
        skip_siblings(row, n);
    } else {
        if (n == 1) {
            (void)place_read(row);
        }
        out->value = raw(row, varint(row));
    }
    if (is_broken(row)) {
        return false;
    }
    row->cells_left--;
    return true;
}

/* ---- reading ---- */

/* Room for count elements, as core/record.c keeps it. NULL also when the row cannot hold so many:
 * each takes a byte of it at least. */
static void *room_for(struct lum_row *row, struct lum_arena *arena, uint64_t count, size_t size)
{
    size_t room = ROOM_MIN;
    if (is_broken(row) || count > (uint64_t)(row->end - row->at)) {
        row->end = NULL;
        row->at = NULL;
        return NULL;
    }
    while (room < count) {
        room *= 2;
    }
    return lum_arena_take(arena, room * size);
}

static enum lum_status places_read(struct lum_row *row, struct lum_arena *arena,
                                   struct lum_place **places, uint32_t *count)
{
    uint64_t n = varint(row);
    if (n == 0) {
        return LUM_OK;
    }
    *places = room_for(row, arena, n, sizeof **places);
    if (*places == NULL) {
        return is_broken(row) ? LUM_CORRUPT : LUM_NO_MEMORY;
    }
    for (uint64_t i = 0; i < n; i++) {
        (*places)[i] = place_read(row);
    }
    *count = (uint32_t)n;
    return LUM_OK;
}

static enum lum_status cell_read(struct lum_row *row, struct lum_arena *arena,
                                 const struct lum_place *first, struct lum_cell *out)
{
    out->field = (uint32_t)varint(row);
    uint64_t n = varint(row);
    out->siblings = room_for(row, arena, n == 0 ? 1 : n, sizeof *out->siblings);
    if (out->siblings == NULL) {
        return is_broken(row) ? LUM_CORRUPT : LUM_NO_MEMORY;
    }
    out->count = n == 0 ? 1 : (uint32_t)n;
    for (uint32_t i = 0; i < out->count; i++) {
        out->siblings[i].at = n == 0 ? *first : place_read(row);
        out->siblings[i].value = raw(row, varint(row));
    }
    return LUM_OK;
}

static enum lum_status cells_read(struct lum_row *row, struct lum_arena *arena,
                                  struct lum_record *out)
{
    if (row->cells_left == 0) {
        return LUM_OK;
    }
    out->cells = room_for(row, arena, row->cells_left, sizeof *out->cells);
    if (out->cells == NULL) {
        return is_broken(row) ? LUM_CORRUPT : LUM_NO_MEMORY;
    }
    out->cell_count = row->cells_left;
    enum lum_status status = LUM_OK;
    for (uint32_t i = 0; i < out->cell_count && status == LUM_OK; i++) {
        status = cell_read(row, arena, &out->first, &out->cells[i]);
    }
    return status;
}

static enum lum_status drops_read(struct lum_row *row, struct lum_arena *arena,
                                  struct lum_record *out)
{
    uint64_t n = varint(row);
    if (n == 0) {
        return LUM_OK;
    }
    out->drops = room_for(row, arena, n, sizeof *out->drops);
    if (out->drops == NULL) {
        return is_broken(row) ? LUM_CORRUPT : LUM_NO_MEMORY;
    }
    out->drop_count = (uint32_t)n;
    enum lum_status status = LUM_OK;
    for (uint32_t i = 0; i < out->drop_count && status == LUM_OK; i++) {
        struct lum_drop *drop = &out->drops[i];
        *drop = (struct lum_drop){.at = place_read(row)};
        struct lum_bytes kept = raw(row, 1);
        drop->is_kept = kept.len == 1 && kept.at[0] != 0;
        status = places_read(row, arena, &drop->seen, &drop->seen_count);
    }
    return status;
}

static enum lum_status plain_read(struct lum_arena *arena, struct lum_record *out)
{
    struct lum_place *both = lum_arena_take(arena, 2 * ROOM_MIN * sizeof *both);
    if (both == NULL) {
        return LUM_NO_MEMORY;
    }
    out->touch = (struct lum_place){out->first.lno, out->first.seq, 0};
    out->existence = both;
    out->existence_count = 1;
    out->newest = both + ROOM_MIN;
    out->newest_count = 1;
    out->existence[0] = out->first;
    out->newest[0] = out->first;
    return LUM_OK;
}

static enum lum_status rest_read(struct lum_row *row, struct lum_arena *arena,
                                 struct lum_record *out)
{
    out->touch = place_read(row);
    enum lum_status status = places_read(row, arena, &out->existence, &out->existence_count);
    if (status == LUM_OK) {
        status = places_read(row, arena, &out->newest, &out->newest_count);
    }
    return status == LUM_OK ? drops_read(row, arena, out) : status;
}

enum lum_status lum_record_read(struct lum_bytes row, struct lum_arena *arena,
                                struct lum_record *out)
{
    struct lum_row walk;
    if (!lum_row_open(row, &walk)) {
        return LUM_CORRUPT;
    }
    *out = (struct lum_record){
        .shelf = walk.shelf,
        .collection = walk.collection,
        .key = walk.key,
        .change = walk.change,
        .first = walk.first,
    };
    memcpy(out->id.b, walk.id, sizeof out->id.b);
    enum lum_status status = cells_read(&walk, arena, out);
    if (status == LUM_OK) {
        status = walk.is_plain ? plain_read(arena, out) : rest_read(&walk, arena, out);
    }
    if (status == LUM_OK && (is_broken(&walk) || walk.at != walk.end)) {
        return LUM_CORRUPT;
    }
    return status;
}
