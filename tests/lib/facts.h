/*
 * facts.h - a small world of control events, and the roster that follows from them.
 *
 * People are numbers, 0 the founder; person p has A = p p p .., T = 0x80 + p. The fact numbered n
 * stands at seq n + 1 of its author's log; an invite's key comes from its number.
 */
#ifndef LUM_TESTS_LIB_FACTS_H
#define LUM_TESTS_LIB_FACTS_H

#include "core/roster.h"

struct fact {
    enum lum_control_op op;
    uint8_t author;
    uint8_t number;
    uint8_t target; /* number of the fact it names; of a JOIN: its invite */
    uint8_t role;
    uint8_t uses;
    bool is_forged; /* a JOIN signed by another key */
};
#define INVITE(by, n, r, u) {.op = LUM_INVITE, .author = by, .number = n, .role = r, .uses = u}
#define CANCEL(by, n, of) {.op = LUM_CANCEL, .author = by, .number = n, .target = of}
#define JOIN(by, n, of) {.op = LUM_JOIN, .author = by, .number = n, .target = of}
#define ADMIT(by, n, of, r) {.op = LUM_ADMIT, .author = by, .number = n, .target = of, .role = r}

enum {
    FACTS_MAX = 24, /* numbers are below it */
    RELAY = LUM_ROLE_RELAY,
    READER = LUM_ROLE_READER,
    WRITER = LUM_ROLE_WRITER,
    STEWARD = LUM_ROLE_STEWARD,
};

/* A cmocka group set-up; before anything else. */
int facts_set_up(void **state);

void facts_person(uint8_t who, uint8_t a[32]);
struct lum_ref facts_ref(const struct fact *facts, size_t count, uint8_t number);
struct lum_roster_builder *facts_builder(void);
/* `all` gives the refs, whatever subset is added. */
void facts_add(struct lum_roster_builder *builder, const struct fact *all, size_t count,
               const struct fact *fact);
/* The payload of a JOIN by `who` for the invite numbered so. */
void facts_join(const struct fact *all, size_t count, const struct fact *join,
                struct lum_buf *payload);
/* In the order of `order`, or as they stand when it is NULL. */
struct lum_roster *facts_roster(const struct fact *facts, size_t count, const size_t *order);

const struct lum_device *facts_device(const struct lum_roster *roster, uint8_t who);
/* -1 no valid JOIN, 0 pending, else the role. */
int facts_standing(const struct lum_roster *roster, uint8_t who);

#endif
