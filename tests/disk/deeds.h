/*
 * deeds.h - a small world on disks in memory, and all that can be asked of it: each request of the
 * table, and what has no request.
 */
#ifndef LUM_TESTS_DISK_DEEDS_H
#define LUM_TESTS_DISK_DEEDS_H

#include "tests/disk/stage.h"

struct deed {
    const char *name;
    enum lum_status (*run)(struct stage *stage); /* NULL: the request */
    const char *request;
    const char *arguments;     /* JSON */
    const char *rest[2];       /* and what follows */
    const struct stage *begin; /* where it begins; NULL: Ani, a founder, who met Budi */
    bool in_steps;             /* it may stop half-way, and goes on */
    bool is_new;               /* what it makes is another one each time: no root is the same */
};

/*
 * Ani founded the space and has met Budi, who then wrote on alone: records with two values, deleted
 * but edited, with a closed segment behind them. Citra has an invite and nothing else. Before
 * deeds_count. One world at a time.
 */
void deeds_open(void);
void deeds_close(void);
size_t deeds_count(void);
const struct deed *deeds_at(size_t i);

/* The machine at which the deed begins, opened and settled where there is a store. */
void deed_begin(const struct deed *deed, struct stage *stage);
/* Answers go to stage->said. */
enum lum_status deed_do(const struct deed *deed, struct stage *stage);
/* It changes nothing: what it says is all there is to it. */
bool deed_only_tells(const struct deed *deed);

#endif
