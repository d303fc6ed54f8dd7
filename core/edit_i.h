/*
 * edit_i.h - inside of an editor; only core/edit.c, core/edit_draft.c and core/resolve.c include
 * it.
 *
 * One verb at a time: begin, look at the record, decide what changes, then put the ops. Deciding
 * comes first because what was read borrows from the view's transaction, and an event that is
 * appended half way (too many logs or bytes for one) may move that.
 */
#ifndef LUM_CORE_EDIT_I_H
#define LUM_CORE_EDIT_I_H

#include "core/edit.h"

struct lum_editor {
    struct lum_space *space;
    struct lum_draft *draft;
    struct lum_arena arena;
    struct lum_buf fields; /* scratch: a map in the making, a value taken over */

    /* of the verb under way */
    uint8_t shelf;
    uint32_t own_lno;                  /* places of that log are lno 0 in a draft */
    uint32_t logs[LUM_DRAFT_LOGS_MAX]; /* foreign ones that the draft names */
    uint32_t log_count;
    struct lum_about about; /* how its ops name the record */
    struct lum_edit_result *out;
};

/* ---- core/edit_draft.c: ops into events ---- */

/* Starts a verb on that shelf. DENIED (no_right) when our role does not write. */
LUM_MUST_USE enum lum_status lum_editor_begin(struct lum_editor *editor,
                                              const struct lum_edit_target *target,
                                              struct lum_edit_result *out, struct lum_error *err);
/* Each puts one op on the record, or several in several events when it names too much for one.
 * Places are as the view has them. */
LUM_MUST_USE enum lum_status lum_editor_set(struct lum_editor *editor, const struct lum_pair *pair,
                                            struct lum_places preds, struct lum_error *err);
LUM_MUST_USE enum lum_status lum_editor_drop(struct lum_editor *editor, struct lum_places seen,
                                             struct lum_error *err);
LUM_MUST_USE enum lum_status lum_editor_keep(struct lum_editor *editor, struct lum_places drops,
                                             struct lum_error *err);
/* Appends what is drafted; out->event is the last one. */
LUM_MUST_USE enum lum_status lum_editor_end(struct lum_editor *editor, enum lum_edit_end end,
                                            struct lum_error *err);

/* ---- core/edit.c ---- */

/* The record as the batch sees it. NOT_FOUND, untold, when there is none or it was never made. */
LUM_MUST_USE enum lum_status lum_editor_look(struct lum_editor *editor,
                                             const struct lum_edit_target *target,
                                             struct lum_record *out, struct lum_error *err);
/* The same for a verb that needs it to be there: no_record. */
LUM_MUST_USE enum lum_status lum_editor_need(struct lum_editor *editor,
                                             const struct lum_edit_target *target,
                                             struct lum_record *out, struct lum_error *err);
/* Fails with a cause whose {1} is COLL/ID; detail is {2}, may be NULL. */
LUM_MUST_USE enum lum_status lum_editor_fail(const struct lum_edit_target *target,
                                             enum lum_cause cause, const char *detail,
                                             struct lum_error *err);
/* The cell of a field by name; NULL when the record has none. */
LUM_MUST_USE enum lum_status lum_editor_cell(struct lum_editor *editor,
                                             const struct lum_record *record,
                                             struct lum_bytes field, const struct lum_cell **out);
/* Where the siblings of a cell stand, in the arena. */
LUM_MUST_USE enum lum_status
lum_editor_siblings(struct lum_editor *editor, const struct lum_cell *cell, struct lum_places *out);

#endif
