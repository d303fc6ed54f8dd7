/*
 * control.h - the payloads of kind 2 on the gov shelf: GENESIS, INVITE, CANCEL, JOIN, ADMIT.
 *
 *   0 GENESIS [0, document]
 *   1 INVITE  [1, pk32, role, uses, expiry_ms, g, enc48]
 *   2 CANCEL  [2, ref]                      ref = [log8, seq, hash16]
 *   3 JOIN    [3, invite-ref, A32, X32, T32, sig64]
 *   4 ADMIT   [4, join-ref, role, overrides [], accept-to []]
 *
 *   document = [format 1, salt32, founded_ms, founders [[A32, X32, T32] ..], k, guardians [],
 *               shelves [[index, name, class] ..]]
 *
 * Anything else (5..17 are reserved), or a malformed one, is void: stored, forwarded, no effect.
 */
#ifndef LUM_CORE_CONTROL_H
#define LUM_CORE_CONTROL_H

#include "core/event.h"
#include "core/lum.h"
#include "core/pack.h"

enum lum_role {
    LUM_ROLE_NONE = 0,
    LUM_ROLE_RELAY = 1,
    LUM_ROLE_READER = 2,
    LUM_ROLE_WRITER = 3,
    LUM_ROLE_STEWARD = 4,
};

enum lum_control_op {
    LUM_GENESIS = 0,
    LUM_INVITE = 1,
    LUM_CANCEL = 2,
    LUM_JOIN = 3,
    LUM_ADMIT = 4,
};

/* Names one control event; no clock and no order is needed to find it. */
struct lum_ref {
    uint8_t log8[8];
    uint64_t seq;
    uint8_t hash16[16];
};
bool lum_ref_equal(const struct lum_ref *a, const struct lum_ref *b);

struct lum_founder {
    uint8_t a[32];
    uint8_t x[32];
    uint8_t t[32];
};

enum {
    LUM_FOUNDERS_MAX = 16,
    LUM_SHELF_NAME_MAX = 32,
};

struct lum_genesis {
    uint8_t salt[32];
    uint64_t founded_ms;
    struct lum_founder founders[LUM_FOUNDERS_MAX];
    uint32_t founder_count;
    uint32_t k; /* of the founders, for later quorums; 1..founder_count */
    struct {
        uint8_t index;
        uint8_t class; /* 0 open, 1 sealed */
        char name[LUM_SHELF_NAME_MAX + 1];
    } shelves[LUM_SHELVES_MAX];
    uint32_t shelf_count;
};

/*
 * A version-1 document: 1..16 founders with different A, k within them, no guardians, shelves
 * ascending by index that begin with gov and common, both open. A newcomer checks it against the
 * space id of its invite: id = H("lumbung1 genesis", document). False when it is none.
 */
void lum_genesis_write(const struct lum_genesis *genesis, struct lum_buf *document);
LUM_MUST_USE bool lum_genesis_read(struct lum_bytes document, struct lum_genesis *out);
void lum_genesis_id(struct lum_bytes document, struct lum_hash *out);
/* First 16 bytes of the space id: the epoch every log starts at. */
void lum_genesis_epoch(const struct lum_hash *space, uint8_t out[16]);

struct lum_control {
    enum lum_control_op op;
    union {
        struct lum_bytes document; /* borrowed from the payload */
        struct {
            uint8_t pk[32];
            uint8_t role;
            uint64_t uses;
            uint64_t expiry_ms;
            uint64_t g;
            uint8_t enc48[48];
        } invite;
        struct lum_ref cancel;
        struct {
            struct lum_ref invite;
            uint8_t axt[96]; /* A, X, T */
            struct lum_sig sig;
        } join;
        struct {
            struct lum_ref join;
            uint8_t role;
        } admit;
    };
};

void lum_control_write(const struct lum_control *control, struct lum_buf *payload);
/* False: void. */
LUM_MUST_USE bool lum_control_read(struct lum_bytes payload, struct lum_control *out);

#endif
