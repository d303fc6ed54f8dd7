/*
 * fuzz_address.c - addresses as people type them and as invites and questions carry them.
 *
 *   input = the text
 *
 * Holds: what reads, written in the usual way, reads as the same address; a text is one address or
 * none, so nothing that reads still does with a character behind it that is no digit.
 */
#include <stdio.h>

#include <uv.h>

#include "net/address.h"
#include "tests/fuzz/input.h"

enum {
    TEXT_MAX = 64,
};

static bool is_mapped(const uint8_t host[16])
{
    static const uint8_t front[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(host, front, sizeof front) == 0;
}

static void write_text(const struct lum_address *address, char out[TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN];
    bool is_short = is_mapped(address->host);
    LUM_ASSERT(uv_inet_ntop(is_short ? AF_INET : AF_INET6, address->host + (is_short ? 12 : 0),
                            host, sizeof host) == 0);
    (void)snprintf(out, TEXT_MAX, is_short ? "%s:%u" : "[%s]:%u", host, (unsigned)address->port);
}

static void check_longer(struct lum_bytes text, uint8_t last)
{
    struct lum_address address;
    uint8_t longer[128];
    LUM_ASSERT(text.len < sizeof longer);
    memcpy(longer, text.at, text.len);
    longer[text.len] = last;
    struct lum_bytes block = block_of(lum_bytes_of(longer, text.len + 1));
    LUM_ASSERT(!lum_address_read(block, &address));
    block_free(block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lum_address address;
    struct lum_address again;
    char text[TEXT_MAX];
    struct input in = input_over(data, size);
    struct lum_bytes typed = input_rest(&in);
    if (lum_address_read(typed, &address)) {
        LUM_ASSERT(address.port > 0);
        write_text(&address, text);
        LUM_ASSERT(lum_address_read(lum_bytes_of(text, strlen(text)), &again));
        LUM_ASSERT(memcmp(address.host, again.host, sizeof again.host) == 0);
        LUM_ASSERT(address.port == again.port);
        check_longer(typed, ':');
        check_longer(typed, '\0');
        check_longer(typed, ' ');
    }
    return 0;
}
