/*
 * address.h - where a node can be reached, as people write it and as it stands in an invite. Pure.
 *
 *   text   HOST:PORT with a numeric host, [IPv6]:PORT for the long ones
 *   bytes  IPv6 16, IPv4 mapped into it | port
 */
#ifndef LUM_NET_ADDRESS_H
#define LUM_NET_ADDRESS_H

#include "core/mem.h"

struct lum_address {
    uint8_t host[16];
    uint16_t port;
};

/* False when it is none: a name, no port, port 0, anything before or behind. */
LUM_MUST_USE bool lum_address_read(struct lum_bytes text, struct lum_address *out);

#endif
