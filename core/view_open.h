/*
 * view_open.h - a record that is open: read, given its ops, and written with the rows around it.
 *
 *   view_record.c  the ops of one event, onto records at once or to those put off
 *   view_late.c    ops put off, of a view that is made anew; record by record onto their rows
 *   view_rows.c    the rows around a record, written when it is closed
 */
#ifndef LUM_CORE_VIEW_OPEN_H
#define LUM_CORE_VIEW_OPEN_H

#include "core/view_i.h"

/* A row of `conflict`. */
struct lum_view_listed {
    uint8_t kind;
    uint32_t field;
    uint32_t number;
};

struct lum_view_open {
    struct lum_record record;
    bool is_new;
    bool was_made;
    enum lum_life was;
    struct lum_view_listed *listed; /* as it stood before, by field, revived first */
    uint32_t listed_count;
    bool is_own_known; /* whether the collection is one of Lumbung's own */
    bool is_own;
    struct lum_view_open *next;
    struct lum_view_open *next_same; /* in by_id */
};

/* An op in the view's own numbers: what it means no longer depends on its event. */
struct lum_view_op {
    enum lum_op_type type; /* MAKE also stands for MAKE_KEYED; its fields are ops of their own */
    struct lum_place at;
    uint32_t name;          /* the collection made, the field set */
    struct lum_bytes value; /* the key made, the value set */
    const struct lum_place *places;
    uint32_t place_count;
};

/* ---- view_record.c ---- */

/* By the record's row; what is in it is copied to the arena. */
LUM_MUST_USE enum lum_status lum_view_open_row(struct lum_view *view, uint64_t rno,
                                               struct lum_view_open *out);
LUM_MUST_USE enum lum_status lum_view_open_op(struct lum_view *view, struct lum_view_open *open,
                                              const struct lum_view_op *op);

/* ---- view_rows.c ---- */

/* The rows of `conflict` that a record has in this life: a list in the arena. */
LUM_MUST_USE enum lum_status lum_view_listed(struct lum_arena *arena,
                                             const struct lum_record *record, enum lum_life life,
                                             struct lum_view_listed **out, uint32_t *count);
/* An event touched it: it stands in its line of `hist` where the record was touched before. */
LUM_MUST_USE enum lum_status lum_view_hist_put(struct lum_view *view, uint64_t rno,
                                               const struct lum_place *event,
                                               const struct lum_place *before);
/* Writes its row and all around it but `hist`. */
LUM_MUST_USE enum lum_status lum_view_open_close(struct lum_view *view, struct lum_view_open *open);

#endif
