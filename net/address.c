/*
 * address.c - an address from its text. Names are for those who can look them up; an invite cannot.
 */
#include "net/address.h"

#include <string.h>

#include <uv.h>

enum {
    HOST_MAX = 46, /* of an IPv6 address with an IPv4 tail, and its zero */
    PORT_DIGITS_MAX = 5,
};

static bool read_port(const uint8_t *at, size_t len, uint16_t *out)
{
    unsigned long port = 0;

    if (len == 0 || len > PORT_DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return false;
        }
        port = 10 * port + (unsigned long)(at[i] - '0');
    }
    *out = (uint16_t)port;
    return port > 0 && port <= UINT16_MAX;
}

static bool read_host(struct lum_bytes text, uint8_t out[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool has_brackets = text.len > 2 && text.at[0] == '[' && text.at[text.len - 1] == ']';
    size_t skip = has_brackets ? 1 : 0;
    size_t len = text.len - 2 * skip;
    char host[HOST_MAX];

    if (len == 0 || len >= sizeof(host)) {
        return false;
    }
    memcpy(host, text.at + skip, len);
    host[len] = '\0';
    if (strlen(host) != len) {
        return false;
    }
    memcpy(out, mapped, sizeof(mapped));
    return has_brackets ? uv_inet_pton(AF_INET6, host, out) == 0
                        : uv_inet_pton(AF_INET, host, out + sizeof(mapped)) == 0;
}

bool lum_address_read(struct lum_bytes text, struct lum_address *out)
{
    size_t colon = text.len;

    while (colon > 0 && text.at[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return false;
    }
    return read_port(text.at + colon, text.len - colon, &out->port) &&
           read_host(lum_bytes_of(text.at, colon - 1), out->host);
}
