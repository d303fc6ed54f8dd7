/*
 * record.c - the merge of one record, op by op: docs/format.md 6 in memory.
 *
 * Ops of one log come in their order and every op after all it names, so that
 *   - a pred that is no live sibling of its cell was replaced already, or never stood there: no
 *     effect;
 *   - a sibling's own log has nothing newer in the cell: the new one replaces it;
 *   - a cell never becomes empty: what removes siblings brings one.
 */
#include "core/record.h"

#include <string.h>

enum {
    ROOM_MIN = 4,
};

int lum_place_compare(const struct lum_place *a, const struct lum_place *b)
{
    if (a->lno != b->lno) {
        return a->lno < b->lno ? -1 : 1;
    }
    if (a->seq != b->seq) {
        return a->seq < b->seq ? -1 : 1;
    }
    return (a->op > b->op) - (a->op < b->op);
}

/* ---- sorted arrays in an arena ---- */

/* Room that an array of `count` elements has: the next power of two. */
static bool is_full(uint32_t count)
{
    return count == 0 || (count >= ROOM_MIN && (count & (count - 1)) == 0);
}

/* Opens a gap at `i` of an array of `count` elements; gives the array, perhaps moved, or NULL. */
static void *open_gap(struct lum_arena *arena, void *at, uint32_t count, uint32_t i, size_t size)
{
    uint8_t *old = at;
    uint8_t *new = old;
    LUM_ASSERT(i <= count);
    if (is_full(count)) {
        size_t room = count == 0 ? ROOM_MIN : (size_t)count * 2;
        new = lum_arena_take(arena, room * size);
        if (new == NULL) {
            return NULL;
        }
        if (i > 0) {
            memcpy(new, old, i * size);
        }
    }
    if (i < count) {
        memmove(new + (i + 1) * size, old + i * size, (count - i) * size);
    }
    return new;
}

/* First index whose place is not below `place`. */
static uint32_t lower_place(const struct lum_place *places, uint32_t count,
                            const struct lum_place *place)
{
    uint32_t low = 0;
    uint32_t high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (lum_place_compare(&places[middle], place) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum lum_status insert_place(struct lum_arena *arena, struct lum_place **places,
                                    uint32_t *count, const struct lum_place *place)
{
    uint32_t i = lower_place(*places, *count, place);
    if (i < *count && lum_place_compare(&(*places)[i], place) == 0) {
        return LUM_OK;
    }
    struct lum_place *grown = open_gap(arena, *places, *count, i, sizeof **places);
    if (grown == NULL) {
        return LUM_NO_MEMORY;
    }
    grown[i] = *place;
    *places = grown;
    (*count)++;
    return LUM_OK;
}

/* Keeps one place a log, the greatest. */
static enum lum_status raise_place(struct lum_arena *arena, struct lum_place **places,
                                   uint32_t *count, const struct lum_place *place)
{
    struct lum_place start = {.lno = place->lno};
    uint32_t i = lower_place(*places, *count, &start);
    if (i == *count || (*places)[i].lno != place->lno) {
        return insert_place(arena, places, count, place);
    }
    if (lum_place_compare(&(*places)[i], place) < 0) {
        (*places)[i] = *place;
    }
    return LUM_OK;
}

static enum lum_status raise_newest(struct lum_record *record, struct lum_arena *arena,
                                    const struct lum_place *at)
{
    return raise_place(arena, &record->newest, &record->newest_count, at);
}

/* ---- cells ---- */

static uint32_t lower_cell(const struct lum_record *record, uint32_t field)
{
    uint32_t low = 0;
    uint32_t high = record->cell_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (record->cells[middle].field < field) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct lum_cell *lum_record_cell(const struct lum_record *record, uint32_t field)
{
    uint32_t i = lower_cell(record, field);
    return i < record->cell_count && record->cells[i].field == field ? &record->cells[i] : NULL;
}

static struct lum_cell *cell_for(struct lum_record *record, struct lum_arena *arena, uint32_t field)
{
    uint32_t i = lower_cell(record, field);
    if (i < record->cell_count && record->cells[i].field == field) {
        return &record->cells[i];
    }
    struct lum_cell *cells = open_gap(arena, record->cells, record->cell_count, i, sizeof *cells);
    if (cells == NULL) {
        return NULL;
    }
    cells[i] = (struct lum_cell){.field = field};
    record->cells = cells;
    record->cell_count++;
    return &cells[i];
}

static uint32_t lower_sibling(const struct lum_cell *cell, const struct lum_place *place)
{
    uint32_t low = 0;
    uint32_t high = cell->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (lum_place_compare(&cell->siblings[middle].at, place) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void remove_sibling(struct lum_cell *cell, uint32_t i)
{
    cell->count--;
    memmove(&cell->siblings[i], &cell->siblings[i + 1], (cell->count - i) * sizeof *cell->siblings);
}

static void remove_named(struct lum_cell *cell, const struct lum_place *pred)
{
    uint32_t i = lower_sibling(cell, pred);
    if (i < cell->count && lum_place_compare(&cell->siblings[i].at, pred) == 0) {
        remove_sibling(cell, i);
    }
}

static enum lum_status add_sibling(struct lum_cell *cell, struct lum_arena *arena,
                                   const struct lum_sibling *sibling)
{
    struct lum_place start = {.lno = sibling->at.lno};
    uint32_t i = lower_sibling(cell, &start);
    if (i < cell->count && cell->siblings[i].at.lno == sibling->at.lno) {
        cell->siblings[i] = *sibling; /* the own log's older one */
        return LUM_OK;
    }
    struct lum_sibling *siblings =
        open_gap(arena, cell->siblings, cell->count, i, sizeof *siblings);
    if (siblings == NULL) {
        return LUM_NO_MEMORY;
    }
    siblings[i] = *sibling;
    cell->siblings = siblings;
    cell->count++;
    return LUM_OK;
}

enum lum_status lum_record_set(struct lum_record *record, struct lum_arena *arena, uint32_t field,
                               const struct lum_sibling *sibling, const struct lum_place *preds,
                               uint32_t pred_count)
{
    struct lum_cell *cell = cell_for(record, arena, field);
    if (cell == NULL) {
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < pred_count; i++) {
        remove_named(cell, &preds[i]);
    }
    enum lum_status status = add_sibling(cell, arena, sibling);
    return status == LUM_OK ? raise_newest(record, arena, &sibling->at) : status;
}

uint32_t lum_cell_values(const struct lum_cell *cell)
{
    uint32_t values = 0;
    for (uint32_t i = 0; i < cell->count; i++) {
        uint32_t j = 0;
        while (j < i && !lum_bytes_equal(cell->siblings[i].value, cell->siblings[j].value)) {
            j++;
        }
        values += j == i;
    }
    return values;
}

uint32_t lum_record_conflicts(const struct lum_record *record)
{
    uint32_t conflicts = 0;
    for (uint32_t i = 0; i < record->cell_count; i++) {
        const struct lum_cell *cell = &record->cells[i];
        conflicts += cell->count > 1 && lum_cell_values(cell) > 1;
    }
    return conflicts;
}

/* ---- existence ---- */

enum lum_status lum_record_make(struct lum_record *record, struct lum_arena *arena,
                                const struct lum_place *at)
{
    enum lum_status status = insert_place(arena, &record->existence, &record->existence_count, at);
    return status == LUM_OK ? raise_newest(record, arena, at) : status;
}

/* The own log is seen up to the op before the drop. */
static struct lum_place before(const struct lum_place *at)
{
    if (at->op > 0) {
        return (struct lum_place){at->lno, at->seq, (uint16_t)(at->op - 1)};
    }
    return (struct lum_place){at->lno, at->seq - 1, LUM_OP_ANY};
}

enum lum_status lum_record_drop(struct lum_record *record, struct lum_arena *arena,
                                const struct lum_place *at, const struct lum_place *seen,
                                uint32_t seen_count)
{
    struct lum_drop drop = {.at = *at};
    struct lum_place own = before(at);
    enum lum_status status = raise_place(arena, &drop.seen, &drop.seen_count, &own);
    for (uint32_t i = 0; i < seen_count && status == LUM_OK; i++) {
        status = raise_place(arena, &drop.seen, &drop.seen_count, &seen[i]);
    }
    if (status != LUM_OK) {
        return status;
    }
    uint32_t i = record->drop_count;
    while (i > 0 && lum_place_compare(&record->drops[i - 1].at, at) > 0) {
        i--;
    }
    struct lum_drop *drops = open_gap(arena, record->drops, record->drop_count, i, sizeof *drops);
    if (drops == NULL) {
        return LUM_NO_MEMORY;
    }
    drops[i] = drop;
    record->drops = drops;
    record->drop_count++;
    return LUM_OK;
}

static struct lum_drop *find_drop(struct lum_record *record, const struct lum_place *at)
{
    uint32_t low = 0;
    uint32_t high = record->drop_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = lum_place_compare(&record->drops[middle].at, at);
        if (order == 0) {
            return &record->drops[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

enum lum_status lum_record_keep(struct lum_record *record, struct lum_arena *arena,
                                const struct lum_place *at, const struct lum_place *drops,
                                uint32_t drop_count)
{
    for (uint32_t i = 0; i < drop_count; i++) {
        struct lum_drop *drop = find_drop(record, &drops[i]);
        if (drop != NULL) {
            drop->is_kept = true;
        }
    }
    return lum_record_make(record, arena, at);
}

/* ---- life ---- */

static bool has_seen(const struct lum_drop *drop, const struct lum_place *dot)
{
    struct lum_place start = {.lno = dot->lno};
    uint32_t i = lower_place(drop->seen, drop->seen_count, &start);
    return i < drop->seen_count && drop->seen[i].lno == dot->lno &&
           lum_place_compare(dot, &drop->seen[i]) <= 0;
}

static bool is_seen(const struct lum_record *record, const struct lum_place *dot)
{
    uint32_t i = record->drop_count;
    while (i > 0 && !has_seen(&record->drops[i - 1], dot)) {
        i--;
    }
    return i > 0;
}

enum lum_life lum_record_life(const struct lum_record *record)
{
    bool all_seen = true;
    bool all_kept = true;
    if (record->collection == 0) {
        return LUM_UNMADE;
    }
    for (uint32_t i = 0; i < record->newest_count && all_seen; i++) {
        all_seen = is_seen(record, &record->newest[i]);
    }
    if (all_seen) {
        return LUM_DEAD;
    }
    for (uint32_t i = 0; i < record->drop_count && all_kept; i++) {
        all_kept = record->drops[i].is_kept;
    }
    return all_kept ? LUM_ALIVE : LUM_REVIVED;
}

bool lum_life_is_shown(enum lum_life life)
{
    return life == LUM_ALIVE || life == LUM_REVIVED;
}
