/*
 * world.h - draws a whole history: a space, its devices, their logs, every event signed for real.
 *
 * The same history in two forms: bytes as a neighbour would send them (core writes headers, chains,
 * seals), and the model's plain structs. Devices see parts of what others wrote, some clocks stand
 * in 1970 or 2099, invites are over-used, ops name what they should not, payloads are malformed,
 * deps do not exist. Draws of 0 throughout give a dull, right history.
 */
#ifndef LUM_TESTS_PROP_WORLD_H
#define LUM_TESTS_PROP_WORLD_H

#include <stdio.h>

#include "core/control.h"
#include "core/ingest.h"
#include "core/payload.h"
#include "tests/prop/choice.h"
#include "tests/prop/model.h"

#define WORLD_FOUNDED_MS UINT64_C(1767225600000) /* 2026-01-01 */

enum world_kind {
    WORLD_MIXED, /* everything, 6 to 60 events */
    WORLD_WIDE,  /* a device in 33 to 40 incarnations sets one cell, others settle it */
    WORLD_LONG,  /* logs over boundaries and over several rows of positions */
    WORLD_GOV,   /* invites, joins, admissions, little data */
    WORLD_SMALL, /* three founders' logs, four events of one op on one record: to be exhausted */
};

struct world;
struct world *world_draw(struct choice *choice, enum world_kind kind);
void world_close(struct world *world); /* NULL is fine */

/* Every log held to its end; callers change `held`, `is_frozen`, `fork_point` of its logs. */
struct model_set *world_set(struct world *world);
struct lum_bytes world_document(const struct world *world);
const struct lum_log_name *world_log_name(const struct world *world, uint32_t log);

/* Bytes of events first..last of a log with the seals they need. Both stand until the next call. */
void world_piece(struct world *world, uint32_t log, uint64_t first, uint64_t last,
                 struct lum_ingest *out);
/* Header and payload of one event as they stand in a run. */
struct lum_bytes world_raw(const struct world *world, uint32_t log, uint64_t seq);
/* Its chain; seq 0 is the log's start. */
struct lum_chain world_chain(const struct world *world, uint32_t log, uint64_t seq);
/* Was its payload written by a draft? Then it reads back into the same draft. */
bool world_is_drafted(const struct world *world, uint32_t log, uint64_t seq);
/* How that draft named a record: by an op of its own log (lno 0), which may be one of this very
 * event (seq 0). False: by its id. */
bool world_own_make(const struct world *world, uint32_t log, uint64_t seq,
                    const struct lum_id *record, struct lum_place *out);

/* A log whose author also wrote another branch after `point`; false when there is none. */
struct world_fork {
    uint32_t log;
    uint64_t point;
    uint64_t last; /* of the other branch */
};
bool world_fork(const struct world *world, struct world_fork *out);
/* The branch from point + 1 to its end. */
void world_fork_piece(struct world *world, struct lum_ingest *out);

/* The history as a story, an event a line, as far as each log is held. */
void world_tell(struct world *world, FILE *out);

#endif
