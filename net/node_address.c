/* node_address.c - where others can reach a running node: as text, and the answer `addresses`. */
#define _DEFAULT_SOURCE /* IFF_UP */
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "net/node_i.h"

static void put_line(struct lum_buf *out, const char *text)
{
    lum_buf_put(out, text, strlen(text));
    lum_buf_put_byte(out, '\n');
}

/* An address of this host with our port, as a line; loopback and link-local ones are left out. */
static void put_host_address(const struct lum_node *node, const struct ifaddrs *at,
                             struct lum_buf *out)
{
    char text[LUM_ADDRESS_TEXT];
    struct sockaddr_storage address = {0};
    bool is_six = at->ifa_addr != NULL && at->ifa_addr->sa_family == AF_INET6;

    if (at->ifa_addr == NULL || (at->ifa_flags & IFF_UP) == 0 ||
        (at->ifa_flags & IFF_LOOPBACK) != 0 || (!is_six && at->ifa_addr->sa_family != AF_INET) ||
        (is_six && node->listening[0] != '[')) {
        return;
    }
    memcpy(&address, at->ifa_addr,
           is_six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    if (is_six && IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)(void *)&address)->sin6_addr)) {
        return;
    }
    ((struct sockaddr_in *)(void *)&address)->sin_port = htons(node->port);
    lum__line_address_text((const struct sockaddr *)&address, text);
    put_line(out, text);
}

/* One a line: the address it listens on, or when that means all of them, those of this host. */
enum lum_status lum_node_addresses(const struct lum_node *node, struct lum_buf *out)
{
    bool is_any = strncmp(node->listening, "[::]:", 5) == 0 ||
                  strncmp(node->listening, "0.0.0.0:", 8) == 0;
    struct ifaddrs *list = NULL;

    if (node->port == 0) {
        return LUM_OK;
    }
    if (!is_any) {
        put_line(out, node->listening);
    } else if (getifaddrs(&list) == 0) {
        for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
            put_host_address(node, at, out);
        }
        freeifaddrs(list);
    }
    return lum_buf_status(out);
}

void lum__node_tell_addresses(struct lum_node *node, struct lum_reply *reply)
{
    struct lum_buf text;
    struct lum_buf *list;
    uint32_t count = 0;
    size_t from = 0;

    lum_buf_init(&text, LUM_VALUE_MAX);
    (void)!lum_node_addresses(node, &text);
    for (size_t i = 0; i < text.len; i++) {
        count += text.at[i] == '\n';
    }
    list = lum_reply_value(reply, "addresses");
    lum_pack_array(list, count);
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\n') {
            lum_pack_str(list, lum_bytes_of(text.at + from, i - from));
            from = i + 1;
        }
    }
    lum_buf_fini(&text);
    lum_reply_cstr(reply, "listening", node->listening);
    lum_reply_uint(reply, "port", node->port);
    lum_reply_end(reply, LUM_FRAME_DONE);
}
