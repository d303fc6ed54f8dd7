/*
 * seal.c - the signed bytes of a seal, put together in one place for its maker and its checker.
 *
 *     0  "lumbung/1 seal"   14
 *    14  log id             32
 *    46  seq u64             8
 *    54  h(seq)             32      a plain seal ends here: 86 bytes
 *    86  t u64               8
 *    94  epoch              16
 *   110  range root         32      a boundary's seal ends here: 142 bytes
 *
 * The two lengths differ, so a plain seal can never pass for a boundary's, nor the other way.
 */
#include "core/seal.h"

#include <string.h>

#include "core/pack.h"

enum {
    PLAIN_LEN = 86,
    BOUNDARY_LEN = 142
};

static struct lum_bytes signed_bytes(const struct lum_seal_claim *claim, uint8_t at[BOUNDARY_LEN])
{
    LUM_ASSERT(claim->chain->seq > 0);
    memcpy(at, "lumbung/1 seal", 14);
    memcpy(at + 14, claim->log_id->b, 32);
    lum_put_u64(at + 46, claim->chain->seq);
    memcpy(at + 54, claim->chain->h.b, 32);
    if (claim->range == NULL) {
        return (struct lum_bytes){at, PLAIN_LEN};
    }
    struct lum_hash root;
    lum_range_root(claim->range, &root);
    lum_put_u64(at + 86, claim->chain->t);
    memcpy(at + 94, claim->chain->epoch, 16);
    memcpy(at + 110, root.b, 32);
    return (struct lum_bytes){at, BOUNDARY_LEN};
}

void lum_seal_make(const struct lum_seal_claim *claim, const struct lum_sign_key *author,
                   struct lum_sig *out)
{
    uint8_t at[BOUNDARY_LEN];
    lum_sign(author, signed_bytes(claim, at), out);
}

bool lum_seal_check(const struct lum_seal_claim *claim, const uint8_t author[32],
                    const struct lum_sig *seal)
{
    uint8_t at[BOUNDARY_LEN];
    return lum_sign_check(author, signed_bytes(claim, at), seal);
}
