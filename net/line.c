/*
 * line.c - one line to a neighbour, in the order of its life: new, accept or dial, turn (feed the
 * channel, cut messages, hand them to sync), say, flush, close, free.
 *
 *   FIRST/SECOND handshake --> OPEN: sync is told UP, messages flow --> closed: sync is told DOWN
 *        |  no key fits, or the deadline passes
 *        v
 *       DEAF: reads and throws away, says nothing, closes after LUM_SILENCE_MS
 */
#include <string.h>

#include "net/frame.h"
#include "net/node_i.h"

enum {
    IN_PAUSE = LUM_MESSAGE_MAX, /* unread bytes before reading stops; a turn takes them all */
    PLAIN_MAX = LUM_REQUEST_MAX + LUM_MESSAGE_MAX, /* all that `in` may hold, and a part message */
    RECORD_BYTES = 1024, /* a record ends with the message that makes it so long */
};

struct lum_line *lum__line_new(struct lum_node *node)
{
    struct lum_line *line = lum_alloc_zero(sizeof(*line));

    if (line == NULL) {
        return NULL;
    }
    lum_conn_init(&line->conn, line, IN_PAUSE);
    if (uv_tcp_init(&node->loop, &line->conn.uv.tcp) != 0) {
        lum_conn_fini(&line->conn);
        lum_free(line);
        return NULL;
    }
    line->conn.uv.handle.data = &line->conn;
    lum_buf_init(&line->plain, PLAIN_MAX);
    lum_buf_init(&line->say, LUM_REQUEST_MAX);
    line->session = ++node->next_session;
    line->opened_ms = lum__node_now(node);
    line->deadline_ms = line->opened_ms + LUM_HALF_OPEN_MS;
    line->conflicts_before = node->progress.conflicts_new;
    line->next = node->lines;
    node->lines = line;
    return line;
}

void lum__line_free(struct lum_line *line)
{
    lum_channel_wipe(&line->channel);
    lum_conn_fini(&line->conn);
    lum_buf_fini(&line->plain);
    lum_buf_fini(&line->say);
    lum_free(line);
}

struct lum_line *lum__line_by_session(struct lum_node *node, uint32_t session)
{
    for (struct lum_line *line = node->lines; line != NULL; line = line->next) {
        if (line->session == session && session != 0) {
            return line;
        }
    }
    return NULL;
}

/* ---- opening ---- */

void lum__line_address_text(const struct sockaddr *address, char out[LUM_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "?";
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)address;
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
    uint16_t port = 0;

    out[0] = '\0';
    if (address->sa_family == AF_INET6) {
        uv_ip6_name(six, host, sizeof(host));
        port = ntohs(six->sin6_port);
        if (strncmp(host, "::ffff:", 7) == 0 && strchr(host, '.') != NULL) {
            snprintf(out, LUM_ADDRESS_TEXT, "%s:%u", host + 7, (unsigned)port);
        } else {
            snprintf(out, LUM_ADDRESS_TEXT, "[%s]:%u", host, (unsigned)port);
        }
    } else if (address->sa_family == AF_INET) {
        uv_ip4_name(four, host, sizeof(host));
        port = ntohs(four->sin_port);
        snprintf(out, LUM_ADDRESS_TEXT, "%s:%u", host, (unsigned)port);
    }
}

/* Callers who have not shown who they are must not keep the others out: when they are too many the
 * oldest goes, strangers first. The list begins with the newest. */
static void bound_half_open(struct lum_node *node)
{
    struct lum_line *oldest = NULL;
    size_t count = 0;

    for (struct lum_line *line = node->lines; line != NULL; line = line->next) {
        if (line->is_up || line->is_dialled || line->conn.state != LUM_CONN_OPEN) {
            continue;
        }
        count++;
        if (oldest == NULL || line->was_deaf || !oldest->was_deaf) {
            oldest = line;
        }
    }
    if (count > LUM_HALF_OPEN_MAX) {
        lum__line_close(oldest, false);
    }
}

void lum__line_accept(struct lum_node *node)
{
    struct lum_line *line = lum__line_new(node);
    struct sockaddr_storage from = {0};
    int length = sizeof(from);
    uint8_t ephemeral[32];

    if (line == NULL) {
        return;
    }
    if (uv_accept((uv_stream_t *)&node->listener, &line->conn.uv.stream) != 0) {
        lum_conn_close(&line->conn, false);
        return;
    }
    uv_tcp_nodelay(&line->conn.uv.tcp, 1);
    uv_tcp_getpeername(&line->conn.uv.tcp, (struct sockaddr *)&from, &length);
    lum__line_address_text((const struct sockaddr *)&from, line->address);
    node->env->random(node->env->self, ephemeral, sizeof(ephemeral));
    lum_channel_answer(&line->channel, ephemeral);
    lum_wipe(ephemeral, sizeof(ephemeral));
    lum_conn_start(&line->conn);
    bound_half_open(node);
}

/* "HOST:PORT" with a numeric host, "[IPv6]:PORT" for the long ones. */
bool lum__line_parse_address(const char *text, struct sockaddr_storage *out)
{
    char host[LUM_ADDRESS_TEXT];
    const char *colon = strrchr(text, ':');
    const char *begin = text;
    size_t len;
    unsigned long port = 0;

    if (colon == NULL || colon == text || colon[1] == '\0' || strlen(colon + 1) > 5) {
        return false;
    }
    for (const char *digit = colon + 1; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9') {
            return false;
        }
        port = 10 * port + (unsigned long)(*digit - '0');
    }
    len = (size_t)(colon - text);
    if (text[0] == '[' && colon[-1] == ']') {
        begin++;
        len -= 2;
    }
    if (port > UINT16_MAX || len == 0 || len >= sizeof(host)) {
        return false;
    }
    memcpy(host, begin, len);
    host[len] = '\0';
    return uv_ip4_addr(host, (int)port, (struct sockaddr_in *)(void *)out) == 0 ||
           uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)(void *)out) == 0;
}

/* A name instead of a number is looked up once, here: halls use numbers, so this is rare. */
static bool resolve_address(struct lum_node *node, const char *text, struct sockaddr_storage *out)
{
    char host[256];
    const char *colon = strrchr(text, ':');
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    uv_getaddrinfo_t request;
    bool found;

    if (lum__line_parse_address(text, out)) {
        return true;
    }
    if (colon == NULL || colon == text || (size_t)(colon - text) >= sizeof(host)) {
        return false;
    }
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    found = uv_getaddrinfo(&node->loop, &request, NULL, host, colon + 1, &hints) == 0;
    if (found) {
        memcpy(out, request.addrinfo->ai_addr, request.addrinfo->ai_addrlen);
        uv_freeaddrinfo(request.addrinfo);
    }
    return found;
}

/* The key we come with: the space's, or the invite's while we are new. */
static void own_entry(const struct lum_node *node, struct lum_entry *out)
{
    memset(out, 0, sizeof(*out));
    if (node->has_secret) {
        out->kind = LUM_ENTRY_SPACE;
        out->tag = node->generation;
        lum_entry_keys_of_secret(node->secret, &out->keys);
    } else {
        uint8_t psk[32];
        out->kind = LUM_ENTRY_INVITE;
        lum_invite_psk(&node->invite, psk);
        lum_entry_keys_of_invite(psk, &out->keys);
        lum_wipe(psk, sizeof(psk));
    }
}

struct lum_line *lum__line_dial(struct lum_node *node, const char *address, struct lum_error *err)
{
    struct sockaddr_storage to = {0};
    struct lum_line *line;
    struct lum_entry entry;
    uint8_t ephemeral[32];
    int error;

    if (strlen(address) >= LUM_ADDRESS_TEXT || !resolve_address(node, address, &to)) {
        (void)!lum_fail(err, LUM_CAUSE_bad_address, address, NULL);
        return NULL;
    }
    line = lum__line_new(node);
    if (line == NULL) {
        (void)!lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
        return NULL;
    }
    line->is_dialled = true;
    memcpy(line->address, address, strlen(address) + 1);
    own_entry(node, &entry);
    node->env->random(node->env->self, ephemeral, sizeof(ephemeral));
    lum_channel_dial(&line->channel, &entry, ephemeral, &line->conn.out);
    line->by_invite = entry.kind == LUM_ENTRY_INVITE;
    lum_wipe(ephemeral, sizeof(ephemeral));
    lum_wipe(&entry, sizeof(entry));
    error = lum_conn_dial(&line->conn, (const struct sockaddr *)&to);
    if (error < 0) {
        line->conn.broke = error;
        line->conn.is_ended = true;
        line->conn.is_ready = true;
    }
    line->deadline_ms = line->opened_ms + LUM_SILENCE_MS;
    return line;
}

/* ---- a turn ---- */

static void come_up(struct lum_node *node, struct lum_line *line)
{
    struct lum_sync_event event = {.type = LUM_SYNC_UP, .session = line->session};

    line->is_up = true;
    line->by_invite = line->channel.entry.kind == LUM_ENTRY_INVITE;
    event.up.is_initiator = line->is_dialled;
    event.up.by_invite = line->by_invite;
    memcpy(event.up.hash, line->channel.hash, sizeof(event.up.hash));
    lum__pump_step(node, &event);
}

static void close_for(struct lum_line *line, enum lum_fault fault)
{
    line->fault = fault;
    lum__line_close(line, true);
}

/* A few bytes of theirs may become much work of the writer, or a long answer that they do not take:
 * then nothing more is heard until that is done. */
static bool is_behind(const struct lum_node *node, const struct lum_line *line)
{
    return lum_worker_load(node->worker) > LUM_INGEST_BYTES_MAX ||
           lum_conn_queued(&line->conn) + line->say.len > LUM_ANSWER_QUEUE_MAX;
}

/* Hands every whole message in `plain` to sync. */
static void cut_messages(struct lum_node *node, struct lum_line *line)
{
    size_t used = 0;

    line->is_behind = false;
    while (line->conn.state == LUM_CONN_OPEN && !line->conn.close_when_sent) {
        struct lum_sync_event event = {.type = LUM_SYNC_MESSAGE, .session = line->session};
        struct lum_frame frame;
        enum lum_fault fault = LUM_FAULT_NONE;
        enum lum_status status =
            lum_frame_peek(lum_bytes_of(line->plain.at + used, line->plain.len - used),
                           LUM_MESSAGE_MAX, &frame, &fault);
        if (status == LUM_FAULT) {
            close_for(line, fault);
        }
        line->is_behind = status == LUM_OK && is_behind(node, line);
        if (status != LUM_OK || line->is_behind) {
            break;
        }
        event.message.type = frame.type;
        event.message.body = frame.body;
        used += frame.size;
        lum__pump_step(node, &event);
    }
    lum_buf_drop(&line->plain, used);
}

static void feed(struct lum_node *node, struct lum_line *line)
{
    enum lum_fault fault =
        lum_channel_feed(&line->channel, &line->conn.in, node->entries, node->entry_count,
                         &line->plain, &line->conn.out);

    if (line->channel.state == LUM_CHANNEL_OPEN && !line->is_up) {
        come_up(node, line);
    }
    if (line->is_up && line->plain.len > 0) {
        cut_messages(node, line);
    }
    if (line->channel.state == LUM_CHANNEL_DEAF && !line->was_deaf) {
        line->was_deaf = true;
        if (line->is_up) {
            close_for(line, fault);
            return;
        }
        /* A stranger: the same silence for the same time, whatever was wrong. */
        line->deadline_ms = line->opened_ms + LUM_SILENCE_MS;
    }
    if (line->was_deaf && line->channel.discarded > LUM_DEAF_BYTES_MAX) {
        lum_conn_pause(&line->conn, true);
    }
}

static void pace(struct lum_node *node, struct lum_line *line)
{
    if (!line->was_deaf) {
        lum_conn_pause(&line->conn, is_behind(node, line));
    }
    if (line->is_up && lum_conn_queued(&line->conn) + line->say.len < LUM_WRITE_QUEUE_MAX) {
        struct lum_sync_event event = {.type = LUM_SYNC_ROOM, .session = line->session};
        event.room_queued = lum_conn_queued(&line->conn) + line->say.len;
        lum__pump_step(node, &event);
    }
}

/* All is said. What still comes is thrown away, and who does not take our last words in time does
 * not hold the line. */
static void linger(struct lum_node *node, struct lum_line *line)
{
    lum_buf_reset(&line->conn.in);
    if (!line->is_lingering) {
        line->is_lingering = true;
        line->deadline_ms = lum__node_now(node) + LUM_LINGER_MS;
    }
    if (line->conn.is_ended || lum__node_now(node) >= line->deadline_ms) {
        lum__line_close(line, false);
    } else {
        lum__pump_wake_at(node, line->deadline_ms);
    }
}

void lum__line_turn(struct lum_node *node, struct lum_line *line)
{
    struct lum_conn *conn = &line->conn;

    if (conn->state == LUM_CONN_CLOSING || conn->state == LUM_CONN_CLOSED) {
        return;
    }
    if (conn->close_when_sent) {
        linger(node, line);
        return;
    }
    if ((conn->is_ready || line->is_behind) && conn->state == LUM_CONN_OPEN) {
        feed(node, line);
        if (lum_buf_status(&line->plain) == LUM_NO_MEMORY) {
            conn->out.broken = true; /* as a line that finds none to say something */
        }
    }
    conn->is_ready = false;
    if (conn->is_ended && (!line->is_behind || conn->broke != 0)) {
        lum__line_close(line, false);
        return;
    }
    if (!line->is_up) {
        if (lum__node_now(node) >= line->deadline_ms) {
            lum__line_close(line, false);
        } else {
            lum__pump_wake_at(node, line->deadline_ms);
        }
        return;
    }
    pace(node, line);
    lum_sync_tally(node->sync, line->session, &line->told);
}

/* ---- saying and closing ---- */

/* A message that found no memory may be there in part: then the line ends (lum_conn_flush). */
static void end_record(struct lum_line *line)
{
    if (line->say.broken) {
        line->conn.out.broken = true;
        return;
    }
    if (line->say.len > 0 && line->channel.state == LUM_CHANNEL_OPEN) {
        lum_channel_seal(&line->channel, lum_buf_bytes(&line->say), &line->conn.out);
        lum_buf_reset(&line->say);
    }
}

/* Nothing of a record is known before its last byte: if it held much of a log, a cut would cost all
 * of that. */
void lum__line_say(struct lum_line *line, uint8_t type, struct lum_bytes body)
{
    if (line->conn.close_when_sent) {
        return; /* what follows would keep it open */
    }
    lum_frame_put(&line->say, type, body);
    if (line->say.len >= RECORD_BYTES && line->conn.state == LUM_CONN_OPEN) {
        end_record(line);
    }
}

void lum__line_flush(struct lum_line *line)
{
    if (line->conn.state != LUM_CONN_OPEN) {
        return;
    }
    end_record(line);
    lum_conn_flush(&line->conn);
}

void lum__line_close(struct lum_line *line, bool when_sent)
{
    lum_conn_close(&line->conn, when_sent);
}
