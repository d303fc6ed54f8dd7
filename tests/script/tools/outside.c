/*
 * outside.c - checks what `lumbung log --raw` prints as anybody could: from docs/format.md alone,
 * with libsodium and a JSON reader, and no line of Lumbung's code.
 *
 *   lumbung log --raw | outside
 *
 * Recomputed: space id, log ids, payload hashes, the chain, times, epochs, boundaries, range roots,
 * every seal; that each author is a founder or came with a signed JOIN; that each dep names an
 * event that is there. Prints "frontier SHELF HEX" of each shelf, then "checked EVENTS SEALS
 * BOUNDARIES LOGS"; or what does not hold and where, and ends with 1.
 */
#include <jansson.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_MAX_BYTES = 1 << 20,
    LOGS_MAX = 64,
    PEOPLE_MAX = 64,
    SHELVES = 8,
    SEGMENT_EVENTS = 64,
    SEGMENT_BYTES = 32768,
    PEAKS = 40,
};

struct event {
    uint64_t seq;
    uint64_t t;
    unsigned kind;
    uint8_t header[2048];
    size_t header_len;
    uint8_t payload[65536];
    size_t payload_len;
    uint8_t seal[64];
    bool has_seal;
};

struct log {
    uint8_t id[32];
    uint8_t author[32];
    uint8_t incarnation[8];
    unsigned shelf;
    uint64_t seq;
    uint64_t t;
    uint8_t epoch[16];
    bool is_sealed; /* its newest event */
    uint64_t since_events;
    uint64_t since_bytes;
    uint8_t peaks[PEAKS][32]; /* of 2^i leaves, where bit i of `leaves` is set */
    uint64_t leaves;
    uint8_t (*h)[32]; /* of every event */
};

/* [log8, seq, hash16?] in a header. */
struct dep {
    uint8_t log8[8];
    uint8_t hash[16];
    uint64_t seq;
    bool has_hash;
    const struct log *from;
    uint64_t from_seq;
};

struct invite {
    const struct log *log;
    uint64_t seq;
    uint8_t key[32];
};

static struct log logs[LOGS_MAX];
static size_t log_count;
static struct dep *deps;
static size_t dep_count;
static struct invite invites[PEOPLE_MAX];
static size_t invite_count;
static uint8_t people[PEOPLE_MAX][32];
static size_t person_count;
static uint8_t space[32];
static bool has_space;
static uint64_t founded_ms;
static uint64_t events, seals, boundaries;
static unsigned long line_number;

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
static void wrong(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    printf("line %lu: ", line_number);
    vprintf(format, list);
    printf("\n");
    va_end(list);
    exit(1);
}

/* ---- hashes ---- */

struct hash {
    crypto_generichash_blake2b_state state;
    size_t len;
};

static void hash_begin(struct hash *hash, const char *label, size_t len)
{
    uint8_t personal[16] = {0};
    memcpy(personal, label, strlen(label));
    hash->len = len;
    crypto_generichash_blake2b_init_salt_personal(&hash->state, NULL, 0, len, NULL, personal);
}

static void hash_put(struct hash *hash, const void *at, size_t len)
{
    crypto_generichash_blake2b_update(&hash->state, at, len);
}

static void hash_end(struct hash *hash, uint8_t *out)
{
    crypto_generichash_blake2b_final(&hash->state, out, hash->len);
}

static void hash_two(const char *label, const uint8_t a[32], const void *b, size_t len,
                     uint8_t out[32])
{
    struct hash hash;
    hash_begin(&hash, label, 32);
    hash_put(&hash, a, 32);
    hash_put(&hash, b, len);
    hash_end(&hash, out);
}

static size_t put_u64(uint8_t *out, uint64_t number)
{
    for (unsigned i = 0; i < 8; i++) {
        out[i] = (uint8_t)(number >> (56 - 8 * i));
    }
    return 8;
}

/* ---- as much msgpack as headers and control payloads need ---- */

struct reader {
    const uint8_t *at;
    size_t len;
};

static const uint8_t *take(struct reader *in, size_t len)
{
    if (len > in->len) {
        wrong("msgpack ends too early");
    }
    const uint8_t *at = in->at;
    in->at += len;
    in->len -= len;
    return at;
}

static uint64_t take_big(struct reader *in, size_t len)
{
    const uint8_t *at = take(in, len);
    uint64_t number = 0;
    for (size_t i = 0; i < len; i++) {
        number = number << 8 | at[i];
    }
    return number;
}

static int64_t read_int(struct reader *in)
{
    uint8_t first = *take(in, 1);
    if (first < 0x80) {
        return first;
    }
    if (first >= 0xe0) {
        return (int8_t)first;
    }
    switch (first) {
    case 0xcc: return (int64_t)take_big(in, 1);
    case 0xcd: return (int64_t)take_big(in, 2);
    case 0xce: return (int64_t)take_big(in, 4);
    case 0xcf: return (int64_t)take_big(in, 8);
    case 0xd0: return (int8_t)take_big(in, 1);
    case 0xd1: return (int16_t)take_big(in, 2);
    case 0xd2: return (int32_t)take_big(in, 4);
    case 0xd3: return (int64_t)take_big(in, 8);
    default: wrong("no int: %02x", (unsigned)first);
    }
}

static size_t read_array(struct reader *in)
{
    uint8_t first = *take(in, 1);
    if ((first & 0xf0) == 0x90) {
        return first & 0x0f;
    }
    if (first != 0xdc) {
        wrong("no array: %02x", (unsigned)first);
    }
    return (size_t)take_big(in, 2);
}

/* A bin of just that length; false for nil. */
static bool read_bin(struct reader *in, uint8_t *out, size_t len)
{
    uint8_t first = *take(in, 1);
    if (first == 0xc0) {
        return false;
    }
    if (first != 0xc4 || take_big(in, 1) != len) {
        wrong("no bin of %zu bytes", len);
    }
    memcpy(out, take(in, len), len);
    return true;
}

static void need_bin(struct reader *in, uint8_t *out, size_t len)
{
    if (!read_bin(in, out, len)) {
        wrong("nil instead of %zu bytes", len);
    }
}

/* ---- a line ---- */

static size_t read_hex(const json_t *row, const char *name, uint8_t *out, size_t room)
{
    const char *text = json_string_value(json_object_get(row, name));
    const char *end = NULL;
    size_t len = 0;
    if (text == NULL) {
        wrong("no %s", name);
    }
    if (sodium_hex2bin(out, room, text, strlen(text), NULL, &len, &end) != 0 || *end != '\0') {
        wrong("%s is no hex, or too long", name);
    }
    return len;
}

static void need_hex(const json_t *row, const char *name, uint8_t *out, size_t len)
{
    if (read_hex(row, name, out, len) != len) {
        wrong("%s has not %zu bytes", name, len);
    }
}

static uint64_t read_number(const json_t *row, const char *name)
{
    const json_t *number = json_object_get(row, name);
    if (!json_is_integer(number) || json_integer_value(number) < 0) {
        wrong("no %s", name);
    }
    return (uint64_t)json_integer_value(number);
}

static void read_event(const json_t *row, struct event *out)
{
    out->seq = read_number(row, "seq");
    out->t = read_number(row, "t");
    out->kind = (unsigned)read_number(row, "kind");
    out->header_len = read_hex(row, "header", out->header, sizeof(out->header));
    out->payload_len = read_hex(row, "payload", out->payload, sizeof(out->payload));
    out->has_seal = json_object_get(row, "seal") != NULL;
    if (out->has_seal) {
        need_hex(row, "seal", out->seal, sizeof(out->seal));
    }
}

/* ---- what control events say ---- */

/* [0, document]: the space id hashes the document alone; [1, salt, founded, founders, ..] in it. */
static void read_genesis(const uint8_t *payload, size_t len)
{
    struct reader in = {payload + 2, len - 2};
    struct hash hash;
    uint8_t salt[32];
    uint8_t key[32];
    if (len < 2 || payload[0] != 0x92 || payload[1] != 0) {
        wrong("the first event is no GENESIS");
    }
    hash_begin(&hash, "lumbung1 genesis", 32);
    hash_put(&hash, in.at, in.len);
    hash_end(&hash, space);
    has_space = true;
    if (read_array(&in) != 7 || read_int(&in) != 1) {
        wrong("this genesis document is not understood");
    }
    need_bin(&in, salt, sizeof(salt));
    founded_ms = (uint64_t)read_int(&in);
    for (size_t i = read_array(&in); i > 0; i--) {
        if (read_array(&in) != 3 || person_count == PEOPLE_MAX) {
            wrong("this founder is not understood");
        }
        need_bin(&in, people[person_count++], 32);
        need_bin(&in, key, 32);
        need_bin(&in, key, 32);
    }
}

/* [3, [log8, seq, hash16], A, X, T, signature by the invite's key] */
static void read_join(struct reader *in, const struct log *log)
{
    static const char label[] = "lumbung/1 join";
    uint8_t message[sizeof(label) - 1 + 32 + 3 * 32];
    uint8_t ref[8];
    uint8_t hash[16];
    uint8_t signature[64];
    uint8_t *at = message + sizeof(label) - 1;
    uint64_t seq;

    if (read_array(in) != 3) {
        wrong("this JOIN is not understood");
    }
    need_bin(in, ref, sizeof(ref));
    seq = (uint64_t)read_int(in);
    need_bin(in, hash, sizeof(hash));
    memcpy(message, label, sizeof(label) - 1);
    memcpy(at, space, 32);
    for (unsigned i = 0; i < 3; i++) {
        need_bin(in, at + 32 + 32 * i, 32);
    }
    need_bin(in, signature, sizeof(signature));
    for (size_t i = 0; i < invite_count; i++) {
        const struct invite *invite = &invites[i];
        if (memcmp(invite->log->id, ref, sizeof(ref)) == 0 && invite->seq == seq &&
            memcmp(invite->log->h[seq], hash, sizeof(hash)) == 0 &&
            memcmp(at + 32, log->author, 32) == 0 && person_count < PEOPLE_MAX &&
            crypto_sign_verify_detached(signature, message, sizeof(message), invite->key) == 0) {
            memcpy(people[person_count++], log->author, 32);
            return;
        }
    }
    wrong("a JOIN without an invite that signed it");
}

static void read_control(const struct event *event, const struct log *log)
{
    struct reader in = {event->payload, event->payload_len};
    if (event->kind != 2 || event->payload_len == 0 || read_array(&in) == 0) {
        return;
    }
    int64_t op = read_int(&in);
    if (op == 1 && invite_count < PEOPLE_MAX) {
        invites[invite_count] = (struct invite){.log = log, .seq = event->seq};
        need_bin(&in, invites[invite_count++].key, 32);
    } else if (op == 3) {
        read_join(&in, log);
    }
}

/* ---- one event ---- */

static void add_dep(const struct log *log, uint64_t seq, struct reader *in)
{
    size_t parts = read_array(in);
    deps = realloc(deps, (dep_count + 1) * sizeof(*deps));
    if (deps == NULL || parts < 2 || parts > 3) {
        wrong("this dep is not understood");
    }
    struct dep *dep = &deps[dep_count++];
    *dep = (struct dep){.from = log, .from_seq = seq, .has_hash = parts == 3};
    need_bin(in, dep->log8, sizeof(dep->log8));
    dep->seq = (uint64_t)read_int(in);
    if (dep->has_hash) {
        need_bin(in, dep->hash, sizeof(dep->hash));
    }
}

static void check_header(struct log *log, const struct event *event)
{
    struct reader in = {event->header, event->header_len};
    size_t fields = read_array(&in);
    uint8_t phash[32];
    uint8_t computed[32];
    struct hash hash;

    if ((fields != 5 && fields != 6) || read_int(&in) != (int64_t)event->kind) {
        wrong("header: fields or kind");
    }
    log->t = (uint64_t)((int64_t)log->t + read_int(&in));
    for (size_t i = read_array(&in); i > 0; i--) {
        add_dep(log, event->seq, &in);
    }
    if (read_int(&in) != (int64_t)event->payload_len) {
        wrong("header: length of the payload");
    }
    need_bin(&in, phash, sizeof(phash));
    if (fields == 6) {
        need_bin(&in, log->epoch, sizeof(log->epoch));
    }
    hash_begin(&hash, "lumbung1 payload", 32);
    hash_put(&hash, event->payload, event->payload_len);
    hash_end(&hash, computed);
    if (memcmp(phash, computed, 32) != 0) {
        wrong("payload hash");
    }
    if (in.len != 0 || log->t != event->t) {
        wrong("time, or bytes after the header");
    }
}

static void add_leaf(struct log *log, const uint8_t h[32])
{
    uint8_t node[32];
    uint8_t pair[64];
    struct hash hash;
    unsigned i = 0;

    hash_begin(&hash, "lumbung1 leaf", 32);
    hash_put(&hash, h, 32);
    hash_end(&hash, node);
    for (; (log->leaves >> i & 1) != 0; i++) {
        memcpy(pair, log->peaks[i], 32);
        memcpy(pair + 32, node, 32);
        hash_two("lumbung1 node", pair, pair + 32, 32, node);
    }
    memcpy(log->peaks[i], node, 32);
    log->leaves++;
}

static void range_root(const struct log *log, uint8_t out[32])
{
    bool has_one = false;
    for (unsigned i = 0; i < PEAKS; i++) {
        if ((log->leaves >> i & 1) == 0) {
            continue;
        }
        uint8_t right[32];
        memcpy(right, out, 32);
        if (has_one) {
            hash_two("lumbung1 node", log->peaks[i], right, 32, out);
        } else {
            memcpy(out, log->peaks[i], 32);
        }
        has_one = true;
    }
}

static void check_seal(const struct log *log, const struct event *event, bool is_boundary)
{
    static const char label[] = "lumbung/1 seal";
    uint8_t message[sizeof(label) - 1 + 32 + 8 + 32 + 8 + 16 + 32];
    uint8_t root[32];
    size_t len = sizeof(label) - 1;

    memcpy(message, label, len);
    memcpy(message + len, log->id, 32);
    len += 32;
    len += put_u64(message + len, event->seq);
    memcpy(message + len, log->h[event->seq], 32);
    len += 32;
    if (is_boundary) {
        range_root(log, root);
        len += put_u64(message + len, log->t);
        memcpy(message + len, log->epoch, 16);
        memcpy(message + len + 16, root, 32);
        len += 48;
    }
    if (crypto_sign_verify_detached(event->seal, message, len, log->author) != 0) {
        wrong("the seal of %llu", (unsigned long long)event->seq);
    }
    seals++;
}

static void check_event(struct log *log, const struct event *event)
{
    if (event->seq != log->seq + 1) {
        wrong("event %llu after %llu", (unsigned long long)event->seq,
              (unsigned long long)log->seq);
    }
    log->h = realloc(log->h, (event->seq + 1) * sizeof(*log->h));
    if (log->h == NULL) {
        wrong("no memory");
    }
    if (log->seq == 0) {
        memcpy(log->h[0], log->id, 32);
    }
    check_header(log, event);
    hash_two("lumbung1 event", log->h[log->seq], event->header, event->header_len,
             log->h[event->seq]);
    log->seq = event->seq;
    log->since_events++;
    log->since_bytes += event->payload_len;
    bool is_boundary = log->since_events == SEGMENT_EVENTS || log->since_bytes >= SEGMENT_BYTES;
    if (is_boundary) {
        add_leaf(log, log->h[event->seq]);
        log->since_events = 0;
        log->since_bytes = 0;
        boundaries++;
    }
    if (event->has_seal) {
        check_seal(log, event, is_boundary);
    } else if (is_boundary) {
        wrong("a boundary without its seal");
    }
    log->is_sealed = event->has_seal;
    read_control(event, log);
    events++;
}

/* Author, incarnation and shelf of a row must be those that its log's id was made of. */
static void read_name(const json_t *row, struct log *log)
{
    uint8_t computed[32];
    uint8_t shelf;
    struct hash hash;

    need_hex(row, "author", log->author, sizeof(log->author));
    need_hex(row, "incarnation", log->incarnation, sizeof(log->incarnation));
    log->shelf = (unsigned)read_number(row, "shelf");
    shelf = (uint8_t)log->shelf;
    hash_begin(&hash, "lumbung1 log", 32);
    hash_put(&hash, space, 32);
    hash_put(&hash, log->author, 32);
    hash_put(&hash, log->incarnation, 8);
    hash_put(&hash, &shelf, 1);
    hash_end(&hash, computed);
    if (log->shelf >= SHELVES || memcmp(computed, log->id, 32) != 0) {
        wrong("log id");
    }
}

static struct log *log_of(const json_t *row)
{
    uint8_t id[32];
    struct log *log = log_count == 0 ? NULL : &logs[log_count - 1];

    need_hex(row, "log", id, sizeof(id));
    if (log == NULL || memcmp(log->id, id, sizeof(id)) != 0) {
        if ((log != NULL && !log->is_sealed) || log_count == LOGS_MAX) {
            wrong("the log before it ends without a seal");
        }
        log = &logs[log_count++];
        memcpy(log->id, id, sizeof(id));
        memcpy(log->epoch, space, sizeof(log->epoch));
        log->t = founded_ms;
    }
    read_name(row, log);
    return log;
}

/* ---- all together ---- */

/* A dep without a hash means the log of the latest pin with that log8: here, one that is there. */
static void check_deps(void)
{
    for (size_t i = 0; i < dep_count; i++) {
        const struct dep *dep = &deps[i];
        bool is_there = false;
        for (size_t k = 0; k < log_count && !is_there; k++) {
            const struct log *log = &logs[k];
            is_there = memcmp(log->id, dep->log8, 8) == 0 && dep->seq <= log->seq &&
                       (log->shelf == 0 || log->shelf == dep->from->shelf) &&
                       (!dep->has_hash || memcmp(log->h[dep->seq], dep->hash, 16) == 0);
        }
        if (!is_there) {
            wrong("a dep of event %llu names nothing", (unsigned long long)dep->from_seq);
        }
    }
}

static void check_authors(void)
{
    for (size_t i = 0; i < log_count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < person_count; k++) {
            is_known = is_known || memcmp(people[k], logs[i].author, 32) == 0;
        }
        if (!is_known) {
            wrong("an author who never joined");
        }
    }
}

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct log *)a)->id, ((const struct log *)b)->id, 32);
}

static void tell_frontiers(void)
{
    qsort(logs, log_count, sizeof(logs[0]), by_id);
    for (unsigned shelf = 0; shelf < SHELVES; shelf++) {
        struct hash hash;
        uint8_t out[16];
        uint8_t seq[8];
        bool has_one = false;
        hash_begin(&hash, "lumbung1 front", sizeof(out));
        for (size_t i = 0; i < log_count; i++) {
            if (logs[i].shelf == shelf) {
                hash_put(&hash, logs[i].id, 32);
                hash_put(&hash, seq, put_u64(seq, logs[i].seq));
                hash_put(&hash, logs[i].h[logs[i].seq], 32);
                has_one = true;
            }
        }
        hash_end(&hash, out);
        if (has_one) {
            char hex[2 * sizeof(out) + 1];
            printf("frontier %u %s\n", shelf, sodium_bin2hex(hex, sizeof(hex), out, sizeof(out)));
        }
    }
}

int main(void)
{
    static char line[LINE_MAX_BYTES];
    static struct event event;

    if (sodium_init() < 0) {
        return 2;
    }
    while (fgets(line, sizeof(line), stdin) != NULL) {
        json_error_t error;
        json_t *row = json_loads(line, 0, &error);
        line_number++;
        if (row == NULL) {
            wrong("no JSON: %s", error.text);
        }
        if (json_object_get(row, "log") != NULL) {
            read_event(row, &event);
            if (!has_space) {
                read_genesis(event.payload, event.payload_len);
            }
            check_event(log_of(row), &event);
        }
        json_decref(row);
    }
    if (log_count == 0 || !logs[log_count - 1].is_sealed) {
        wrong("the last log is not there to its sealed end");
    }
    check_deps();
    check_authors();
    tell_frontiers();
    printf("checked %llu %llu %llu %zu\n", (unsigned long long)events, (unsigned long long)seals,
           (unsigned long long)boundaries, log_count);
    return 0;
}
