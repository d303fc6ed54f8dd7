/*
 * writer.h - a device that writes events into one log, for tests of what happens to them later.
 */
#ifndef LUM_TESTS_LIB_WRITER_H
#define LUM_TESTS_LIB_WRITER_H

#include "core/control.h"
#include "core/crypto.h"
#include "core/log.h"

enum {
    WRITER_EVENTS_MAX = 8192,
    WRITER_SEALS_MAX = 1024,
    WRITER_FOUNDERS = 3, /* the writers 1, 2 and 3 founded the space; all others are strangers */
};

#define WRITER_FOUNDED_MS UINT64_C(1767225600000) /* 2026-01-01 */

struct writer {
    struct lum_sign_key key;
    struct lum_hash space;
    struct lum_log_name name;
    struct lum_log_place place; /* after all that was written */
    uint64_t dice;
    /* What the last writer_write made: */
    uint64_t first;
    struct lum_buf run;
    struct lum_run_mark marks[WRITER_EVENTS_MAX];
    uint32_t count;
    struct lum_sig seals[WRITER_SEALS_MAX];
    uint32_t seal_count;
};

/* The space of all writers. document is filled; the result is its id. */
struct lum_hash writer_space(struct lum_genesis *genesis, struct lum_buf *document);

/* who: the same number gives the same keys. incarnation: the same number gives the same log. */
struct writer *writer_open(unsigned who, unsigned incarnation, uint8_t shelf);
void writer_close(struct writer *writer);
/* A second hand with the same keys at the same place: what both write next is a fork. */
struct writer *writer_copy(const struct writer *writer);

/* `count` events of kind data with payloads of up to payload_max random bytes; sealed at every
 * boundary and at the end. */
void writer_write(struct writer *writer, uint32_t count, uint32_t payload_max);
/* One event with this payload. */
void writer_write_one(struct writer *writer, uint8_t kind, struct lum_bytes payload);
struct lum_log_growth writer_growth(const struct writer *writer);

#endif
