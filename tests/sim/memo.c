/*
 * memo.c - stands before libsodium's check of a signature: what held once in this process holds
 * again. In a district each event comes to every machine, and the check is what that costs; a byte
 * that was changed makes another question, which is asked for real. See sim.h.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/lum.h"

enum {
    ROWS = 1 << 18,
    TRIES = 8,
    KEY = 16
};

typedef int check_fn(const unsigned char *sig, const unsigned char *m, unsigned long long mlen,
                     const unsigned char *pk);

static check_fn *real_check(void)
{
    static check_fn *found;
    if (found == NULL) {
        void *at = dlsym(RTLD_NEXT, "crypto_sign_verify_detached");
        LUM_ASSERT(at != NULL);
        memcpy(&found, &at, sizeof found);
    }
    return found;
}

static void key_of(const unsigned char *sig, const unsigned char *m, unsigned long long mlen,
                   const unsigned char *pk, unsigned char out[KEY])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, KEY);
    (void)crypto_generichash_update(&state, sig, 64);
    (void)crypto_generichash_update(&state, pk, 32);
    (void)crypto_generichash_update(&state, m, mlen);
    (void)crypto_generichash_final(&state, out, KEY);
}

int crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                unsigned long long mlen, const unsigned char *pk)
{
    static unsigned char(*rows)[KEY];
    unsigned char key[KEY];
    uint32_t at;
    if (rows == NULL) {
        rows = calloc(ROWS, sizeof rows[0]);
        LUM_ASSERT(rows != NULL);
    }
    key_of(sig, m, mlen, pk, key);
    memcpy(&at, key, sizeof at);
    for (uint32_t i = 0; i < TRIES; i++) {
        if (memcmp(rows[(at + i) % ROWS], key, KEY) == 0) {
            return 0;
        }
    }
    int result = real_check()(sig, m, mlen, pk);
    if (result == 0) {
        memcpy(rows[(at + key[8] % TRIES) % ROWS], key, KEY);
    }
    return result;
}
