/*
 * build_i.h - what build.c and build_store.c share.
 */
#ifndef LUM_TESTS_LIB_BUILD_I_H
#define LUM_TESTS_LIB_BUILD_I_H

#include "core/crypto.h"
#include "tests/lib/build.h"

enum {
    BUILD_LOGS_MAX = 63,
};

struct build_log {
    struct lum_log_name name;
    struct lum_sign_key key;
    struct lum_log_place place; /* the head */
    struct lum_buf run;
    struct lum_buf marks; /* struct lum_run_mark, one an event, offsets into run */
    struct lum_buf seals; /* struct lum_sig, one a boundary */
    struct lum_buf pins;
};

struct build {
    struct lum_genesis genesis;
    struct lum_buf document;
    struct lum_hash space;
    struct lum_draft *draft;
    struct build_log logs[BUILD_LOGS_MAX + 1]; /* from 1 */
    uint32_t log_count;
};

struct build_log *build_log_at(struct build *build, uint32_t log);
const struct lum_run_mark *build_marks(const struct build_log *log);
void build_seal(const struct build_log *log, const struct lum_log_place *place, bool is_boundary,
                struct lum_sig *out);

#endif
