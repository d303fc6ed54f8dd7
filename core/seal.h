/*
 * seal.h - an Ed25519 signature over one position of a log: it authenticates the whole prefix.
 *
 * Signed bytes (docs/format.md 3):
 *   "lumbung/1 seal" | log id 32 | seq u64 | h(seq) 32             at any position
 *   ... | t u64 | epoch 16 | range root 32                        and this, at a boundary
 *
 * A seal leaves the device only after its event is durable. That rule lives in core/author.c.
 */
#ifndef LUM_CORE_SEAL_H
#define LUM_CORE_SEAL_H

#include "core/crypto.h"
#include "core/event.h"
#include "core/range.h"

/* What a seal says: the chain at its position and, at a boundary, the range up to and with it. */
struct lum_seal_claim {
    const struct lum_hash *log_id;
    const struct lum_chain *chain;
    const struct lum_range *range; /* NULL when the position is not a boundary */
};

void lum_seal_make(const struct lum_seal_claim *claim, const struct lum_sign_key *author,
                   struct lum_sig *out);
LUM_MUST_USE bool lum_seal_check(const struct lum_seal_claim *claim, const uint8_t author[32],
                                 const struct lum_sig *seal);

#endif
