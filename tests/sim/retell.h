/*
 * retell.h - a machine's log as the model of tests/prop takes it.
 */
#ifndef LUM_TESTS_SIM_RETELL_H
#define LUM_TESTS_SIM_RETELL_H

#include "core/log.h"
#include "core/mem.h"
#include "core/roster.h"
#include "tests/prop/model.h"

struct retold {
    struct model_set set;
    uint32_t lnos[MODEL_LOGS_MAX]; /* of the set's logs */
    struct lum_arena arena;        /* what the set borrows */
};
/* False when there is more than the model takes. The end is due in both cases. */
bool retell(struct retold *told, struct lum_txn *txn, const struct lum_roster *roster);
void retell_end(struct retold *told);

#endif
