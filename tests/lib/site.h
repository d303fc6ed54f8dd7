/*
 * site.h - whole spaces in temporary folders, with a clock of their own, that meet without a line.
 *
 * Anything that fails ends the test through cmocka, unless a call says that it gives a status.
 */
#ifndef LUM_TESTS_LIB_SITE_H
#define LUM_TESTS_LIB_SITE_H

#include "core/edit.h"
#include "core/space.h"
#include "tests/lib/temp.h"

#define SITE_DAY_MS UINT64_C(86400000)

struct site {
    struct temp temp;
    struct lum_env env; /* the machine's, but for the time */
    uint64_t wall_ms;   /* what its clock says; moves by a second each time it is asked */
    struct lum_space *space;
    struct lum_editor *editor;
    struct lum_error error; /* of the last call that failed */
    /* NULL, or told of a failure first: it need not return when that is part of the story. */
    void (*on_failure)(struct site *site, enum lum_status status);
};

/* A folder and a clock, nothing in it yet. */
void site_prepare(struct site *site);
/* Founds a space "Hall" of the person. */
void site_found(struct site *site, const char *person);
/* A newcomer that came with the invite; nothing has reached it yet. */
void site_arrive(struct site *site, const struct lum_invite *invite);
void site_open(struct site *site);
void site_close(struct site *site); /* the folder stays */
void site_drop(struct site *site);  /* and its folder */
/* to is prepared and gets a copy of the folder, byte by byte; both are closed then. */
void site_copy(struct site *from, struct site *to);

/* One commit around what is between them. */
void site_begin(struct site *site);
void site_commit(struct site *site);
/* The view is level and on the disk; sums of what that took. */
struct lum_view_progress site_settle(struct site *site);

/* A steward's invite for `uses` joins, as its text says it. */
struct lum_invite site_invite(struct site *site, enum lum_role role, uint64_t uses);
/* Admits the device whose JOIN waits. */
void site_admit(struct site *site, const struct lum_device *device, enum lum_role role);
/* The newcomer's first contact with a member: genesis, gov, JOIN, WELCOME. */
void site_join(struct site *newcomer, struct site *member, const char *person);

/* What one holds beyond the other, gov first, into the other's open batch: gives how many events
 * were new. */
uint64_t site_hand(struct site *from, struct site *to);
/* The same in a batch of its own; `to` settles. */
uint64_t site_give(struct site *from, struct site *to);
/* Both ways until nothing is new. */
void site_meet(struct site *a, struct site *b);

/* Two sites of one space that have met: Sari's, who founded it, and Budi's. */
void site_pair(struct site s[2]);
void site_drop_pair(struct site s[2]);

/* Keyed, collection "item", {name: text}, in the open batch. */
struct lum_edit_result site_add(struct site *site, const char *key, const char *text);
/* One batch of `count` such events, keys prefix0, prefix1 ...: {note: `len` letters that hardly
 * compress}, the same each time. */
void site_add_many(struct site *site, const char *prefix, uint32_t count, size_t len);
/* The verbs, each in a batch of its own, on the common shelf. */
struct lum_edit_result site_put(struct site *site, const char *key, const char *field,
                                const char *text); /* keyed, collection "item" */
enum lum_status site_set(struct site *site, const struct lum_id *record, const char *field,
                         const char *text);
enum lum_status site_delete(struct site *site, const struct lum_id *record);
enum lum_status site_restore(struct site *site, const struct lum_id *record);

/* What the settled view says. */
struct lum_id site_keyed(struct site *site, const char *collection, const char *key);
/* Values, names and keys in it are gone already: ask for them with the calls below. */
bool site_record(struct site *site, const struct lum_id *id, struct lum_arena *arena,
                 struct lum_record *out);
enum lum_life site_life(struct site *site, const struct lum_id *id);
/* Number of different values, and the shown one as text ("" when it is no text). */
uint32_t site_values(struct site *site, const struct lum_id *id, const char *field);
const char *site_shown(struct site *site, const struct lum_id *id, const char *field);
struct lum_hash site_root(struct site *site);
struct lum_view_counts site_counts(struct site *site);
void site_check(struct site *site); /* every structure of the view */
/* The header of an event. */
struct lum_header site_header(struct site *site, uint32_t lno, uint64_t seq);
/* Own logs on a shelf, and the row of the one that came last. */
uint32_t site_own_logs(struct site *site, uint8_t shelf, struct lum_log_row *newest);
/* Logs that are frozen by a fork. */
uint32_t site_frozen(struct site *site);

/* Canonical bytes: {field: text}; text as a value. Each stands until the fourth call after it. */
struct lum_bytes site_map(const char *field, const char *text);
struct lum_bytes site_text(const char *text);

#endif
