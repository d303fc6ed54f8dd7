/*
 * raw.c - what this machine can do by itself: Ed25519 verifications a second, on standard output.
 */
#include <stdio.h>
#include <time.h>

#include "core/crypto.h"
#include "core/mem.h"

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void)
{
    static const uint8_t seed[32] = {7};
    struct lum_sign_key key;
    struct lum_sig sig;
    uint8_t message[64] = {0};
    unsigned count = 0;

    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    lum_sign_key_from_seed(seed, &key);
    lum_sign(&key, lum_bytes_of(message, sizeof(message)), &sig);
    double begin = now_s();
    while (now_s() < begin + 0.5) {
        for (unsigned i = 0; i < 100; i++, count++) {
            if (!lum_sign_check(key.public, lum_bytes_of(message, sizeof(message)), &sig)) {
                return 1;
            }
        }
    }
    printf("%.0f\n", count / (now_s() - begin));
    return 0;
}
