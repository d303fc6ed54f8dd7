/*
 * build.h - a small space whose logs are written in memory and fed to stores in any order.
 *
 * People are numbers; the founders are 1..n and their gov logs are the logs 1..n. A log is named by
 * its number here, and so are the places handed to a draft; each store gives numbers (lno) of its
 * own, see build_lno. Anything that fails ends the program: a test has nothing to say about it.
 */
#ifndef LUM_TESTS_LIB_BUILD_H
#define LUM_TESTS_LIB_BUILD_H

#include "core/control.h"
#include "core/draft.h"
#include "core/log.h"
#include "core/view.h"
#include "tests/lib/temp.h"

#define BUILD_FOUNDED_MS UINT64_C(1767225600000) /* 2026-01-01 */
#define BUILD_DAY_MS     UINT64_C(86400000)

/* ---- the space and its logs ---- */

struct build;
struct build *build_open(uint32_t founders);
void build_close(struct build *build);
const struct lum_hash *build_space(const struct build *build);

/* The number of a log, opened when it is new. */
uint32_t build_log(struct build *build, uint32_t who, uint8_t incarnation, uint8_t shelf);
/* common, incarnation 0 */
uint32_t build_common(struct build *build, uint32_t who);
const struct lum_hash *build_log_id(const struct build *build, uint32_t log);
uint64_t build_head(const struct build *build, uint32_t log);
struct lum_hash build_hash(const struct build *build, uint32_t log, uint64_t seq);

struct build_event {
    uint8_t kind;
    uint64_t t; /* ms; 0 = a second after the log's last event */
    struct lum_bytes payload;
    const struct lum_dep *deps;
    uint32_t dep_count;
    bool is_withheld;
};
/* All give the new event's seq. */
uint64_t build_event(struct build *build, uint32_t log, const struct build_event *event);
/* The draft to fill; build_data writes it as a data event and empties it. */
struct lum_draft *build_draft(struct build *build);
uint64_t build_data(struct build *build, uint32_t log, uint64_t t);
uint64_t build_control(struct build *build, uint32_t log, const struct lum_control *control);
uint64_t build_invite(struct build *build, uint32_t log, uint8_t role, uint64_t uses);
/* JOIN of `who` by an invite; the first event of its gov log, whose number is given. */
uint32_t build_join(struct build *build, uint32_t who, uint32_t invite_log, uint64_t invite_seq);
uint64_t build_admit(struct build *build, uint32_t log, uint32_t join_log, uint8_t role);
/* A founder's invite and who's JOIN: gives the number of its common log. */
uint32_t build_writer(struct build *build, uint32_t who);
struct lum_dep build_pin(const struct build *build, uint32_t log, uint64_t seq);

/* ---- short forms of drafts ---- */

/* {field: text}; for one field. Stands until the next call but three. */
struct lum_bytes build_map(const char *field, const char *text);
struct lum_bytes build_text(const char *text); /* as a value; the same way */
struct lum_id build_made(const struct build *build, uint32_t log, uint64_t seq, uint16_t op);
struct lum_id build_keyed(const struct build *build, const char *collection, const char *key);
/* One event each, at time t. */
uint64_t build_make(struct build *build, uint32_t log, uint64_t t, const char *field,
                    const char *text);
uint64_t build_make_keyed(struct build *build, uint32_t log, uint64_t t, const char *key,
                          const char *text); /* collection "item", field "name" */
struct build_set {
    struct lum_id record;
    const char *field;
    const char *text;
    uint64_t t;
};
uint64_t build_set(struct build *build, uint32_t log, const struct build_set *set,
                   struct lum_places preds);
uint64_t build_drop(struct build *build, uint32_t log, const struct lum_id *record,
                    struct lum_places seen);
uint64_t build_keep(struct build *build, uint32_t log, const struct lum_id *record,
                    struct lum_places drops);
#define PLACES(...)                                                                                \
    ((struct lum_places){(const struct lum_place[]){__VA_ARGS__},                                  \
                         sizeof((const struct lum_place[]){__VA_ARGS__}) /                         \
                             sizeof(struct lum_place)})
#define NO_PLACES ((struct lum_places){NULL, 0})

/* ---- stores ---- */

struct build_store;
struct build_store *build_store_open(const struct build *build);
void build_store_close(struct build_store *store);
/* The store holds the log up to `seq` afterwards; in pieces of at most 4,096 events. */
void build_feed(struct build_store *store, uint32_t log, uint64_t seq);
/* Every log to its head, in the order of their numbers. */
void build_feed_all(struct build_store *store);
/* A fork was proved: events after `point` have no effect. */
void build_freeze(struct build_store *store, uint32_t log, uint64_t point);
/* Applies what was fed, by events_max a batch (0 = as many as fit); makes the view anew when it
 * must, and says whether. */
bool build_settle_by(struct build_store *store, uint64_t events_max);
bool build_settle(struct build_store *store);
void build_rebuild(struct build_store *store);
/* The applier forgets its caches, as after a restart. */
void build_forget(struct build_store *store);
uint32_t build_lno(const struct build_store *store, uint32_t log);
/* What the last build_settle told, summed. */
const struct lum_view_progress *build_progress(const struct build_store *store);

/* Read transactions, begun at the first use and ended by the next feed, settle or close. */
struct lum_txn *build_log_txn(struct build_store *store);
struct lum_txn *build_view_txn(struct build_store *store);
struct lum_store *build_view_store(struct build_store *store);
struct lum_store *build_log_store(struct build_store *store);

struct lum_hash build_root(struct build_store *store); /* of common */
struct lum_view_counts build_counts(struct build_store *store);
/* False when it was never met. Lives until the next call of build_record. */
bool build_record(struct build_store *store, const struct lum_id *id,
                  const struct lum_record **out);
enum lum_life build_life(struct build_store *store, const struct lum_id *id);
/* Shown text of a field, and how many different values it has; NULL and 0 when there is none. */
const char *build_shown(struct build_store *store, const struct lum_id *id, const char *field);
uint32_t build_values(struct build_store *store, const struct lum_id *id, const char *field);

/* ---- the usual case: founders with a common log each, and a store ---- */

struct build_hall {
    struct build *build;
    struct build_store *store;
    uint32_t a; /* common logs of the founders 1, 2 and 3 */
    uint32_t b;
    uint32_t c;
};
/* One to three founders; for a test's setup and teardown. One at a time. */
struct build_hall *build_hall_open(uint32_t founders);
int build_hall_open_three(void **state);
int build_hall_close(void **state);
/* An event that sets the field "name". */
void build_hall_set(struct build_hall *hall, uint32_t log, const struct lum_id *id,
                    const char *text, struct lum_places preds);
/* Everything is fed and applied, and the view agrees with itself; was it made anew? */
bool build_hall_settle(struct build_hall *hall);

#endif
