/*
 * pen.h - a log that is signed with any key, well or ill: for neighbours who mean harm (tests/sim,
 * tests/fuzz). What it writes is whole and authentic; whether it makes sense is the caller's.
 */
#ifndef LUM_TESTS_LIB_PEN_H
#define LUM_TESTS_LIB_PEN_H

#include "core/ingest.h"

enum {
    PEN_SEALS_MAX = 256,
};

struct pen_space {
    struct lum_hash id;
    uint64_t founded_ms;
};

struct pen {
    struct lum_log_name name;
    struct lum_sign_key key;
    struct lum_log_place place;
    uint64_t first; /* of the run */
    struct lum_buf run;
    struct lum_sig seals[PEN_SEALS_MAX];
    uint32_t seal_count;
    bool is_boundary; /* so is the newest event */
};

/* An empty log; the same incarnation gives the same log. */
void pen_begin(struct pen *pen, const struct pen_space *space, const struct lum_sign_key *key,
               uint32_t incarnation, uint8_t shelf);
void pen_end(struct pen *pen);
/* False, and nothing is written, when the header is none. */
bool pen_add(struct pen *pen, struct lum_header *header, struct lum_bytes payload);
/* An event of kind data that makes a keyed record. */
void pen_add_record(struct pen *pen, uint64_t key, size_t len);
/* Of kind control. */
void pen_add_control(struct pen *pen, const struct lum_control *control);
void pen_seal(struct pen *pen); /* at the head, unless it is sealed */
/* All of it as one plain piece; borrowed from the pen. */
struct lum_ingest pen_run(const struct pen *pen);

#endif
