/*
 * edit.h - what a person does to records, as events: each verb looks at the view, names what it
 * replaces, and appends one event to the open batch. No verb loses what it did not see.
 */
#ifndef LUM_CORE_EDIT_H
#define LUM_CORE_EDIT_H

#include "core/space.h"

struct lum_editor; /* scratch memory of one writer */
LUM_MUST_USE enum lum_status lum_editor_open(struct lum_space *space, struct lum_editor **out);
void lum_editor_close(struct lum_editor *editor);

enum lum_edit_end {
    LUM_EDIT_CREATED,
    LUM_EDIT_CHANGED,
    LUM_EDIT_SAME,    /* nothing to say: no event */
    LUM_EDIT_DELETED, /* the record is deleted: skipped, told */
};
struct lum_edit_result {
    enum lum_edit_end end;
    struct lum_id record;
    struct lum_event_at event; /* not for SAME and DELETED */
};

/* What the verbs are about. */
struct lum_edit_target {
    uint8_t shelf;
    struct lum_bytes collection;
    struct lum_id record; /* not for make */
};

/* Would make (or make_keyed, with a key) take this? The same refusals, and event_too_big when one
 * event cannot hold it, before anything is written: for who makes all of several, or none. */
LUM_MUST_USE enum lum_status lum_edit_check(struct lum_editor *editor,
                                            const struct lum_edit_target *target,
                                            const struct lum_bytes *key, struct lum_bytes fields,
                                            struct lum_error *err);
/* fields: canonical map bytes {field: value}; names NFC, sorted, unique, values valid. */
LUM_MUST_USE enum lum_status lum_edit_make(struct lum_editor *editor,
                                           const struct lum_edit_target *target,
                                           struct lum_bytes fields, struct lum_edit_result *out,
                                           struct lum_error *err);
/* Keyed: makes the record, or sets what differs; a deleted one is left alone (DELETED). */
LUM_MUST_USE enum lum_status lum_edit_make_keyed(struct lum_editor *editor,
                                                 const struct lum_edit_target *target,
                                                 struct lum_bytes key, struct lum_bytes fields,
                                                 struct lum_edit_result *out,
                                                 struct lum_error *err);
/* Sets each field that differs, naming every live sibling of that cell. */
LUM_MUST_USE enum lum_status lum_edit_set(struct lum_editor *editor,
                                          const struct lum_edit_target *target,
                                          struct lum_bytes fields, struct lum_edit_result *out,
                                          struct lum_error *err);
LUM_MUST_USE enum lum_status lum_edit_delete(struct lum_editor *editor,
                                             const struct lum_edit_target *target,
                                             struct lum_edit_result *out, struct lum_error *err);
/* Keeps the record against every drop that stands. */
LUM_MUST_USE enum lum_status lum_edit_restore(struct lum_editor *editor,
                                              const struct lum_edit_target *target,
                                              struct lum_edit_result *out, struct lum_error *err);
/* Settles a cell: value (canonical) replaces all siblings. take (may be NULL) picks the sibling of
 * that event instead; no_conflict when the cell has none, or when take is no live sibling of it.
 * shown_change: refuse (conflict_moved) when the record changed after that feed change; 0 = any. */
struct lum_resolve {
    struct lum_bytes field;
    struct lum_bytes value;
    const struct lum_place *take;
    uint64_t shown_change;
};
LUM_MUST_USE enum lum_status lum_edit_resolve(struct lum_editor *editor,
                                              const struct lum_edit_target *target,
                                              const struct lum_resolve *how,
                                              struct lum_edit_result *out, struct lum_error *err);

#endif
