/*
 * retell.c - what a machine's log holds, told to the model: the events are read from their bytes by
 * a reader of its own, so that nothing of core stands between the bytes and the second opinion but
 * the chain's hash and time; see sim.h.
 */
#include "tests/sim/retell.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tests/sim/bad.h"

/* ---- msgpack, as docs/format.md 1.2 has it; what does not fit makes it bad ---- */

struct walk {
    const uint8_t *at;
    const uint8_t *end;
    bool is_bad;
};

static uint64_t number_of(struct walk *walk, size_t bytes)
{
    uint64_t value = 0;
    if ((size_t)(walk->end - walk->at) < bytes) {
        walk->is_bad = true;
        walk->at = walk->end;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | *walk->at++;
    }
    return value;
}

/* What comes next: its kind, and its number, length or count. */
enum kind {
    NIL,
    BOOL,
    INT,
    REAL,
    STR,
    BIN,
    ARRAY,
    MAP
};

static enum kind head(struct walk *walk, int64_t *number)
{
    uint8_t byte = (uint8_t)number_of(walk, 1);
    *number = 0;
    if (byte < 0x80 || byte >= 0xe0) {
        *number = (int8_t)byte;
        return INT;
    }
    if (byte < 0xc0) {
        *number = byte & (byte < 0xa0 ? 0x0f : 0x1f);
        return byte < 0x90 ? MAP : byte < 0xa0 ? ARRAY : STR;
    }
    static const struct {
        uint8_t kind;
        uint8_t bytes;
    } rows[32] = {
        [0x00] = {NIL, 0}, [0x02] = {BOOL, 0}, [0x03] = {BOOL, 0},  [0x04] = {BIN, 1},
        [0x05] = {BIN, 2}, [0x06] = {BIN, 4},  [0x0b] = {REAL, 8},  [0x0c] = {INT, 1},
        [0x0d] = {INT, 2}, [0x0e] = {INT, 4},  [0x0f] = {INT, 8},   [0x10] = {INT, 1},
        [0x11] = {INT, 2}, [0x12] = {INT, 4},  [0x13] = {INT, 8},   [0x19] = {STR, 1},
        [0x1a] = {STR, 2}, [0x1b] = {STR, 4},  [0x1c] = {ARRAY, 2}, [0x1d] = {ARRAY, 4},
        [0x1e] = {MAP, 2}, [0x1f] = {MAP, 4},
    };
    size_t bytes = rows[byte - 0xc0].bytes;
    uint64_t value = number_of(walk, bytes);
    bool is_signed = byte >= 0xd0 && byte <= 0xd3;
    *number = is_signed && bytes < 8 ? (int64_t)(value << (64 - 8 * bytes)) >> (64 - 8 * bytes)
                                     : (int64_t)value;
    return rows[byte - 0xc0].kind;
}

static int64_t expect(struct walk *walk, enum kind kind)
{
    int64_t number = 0;
    walk->is_bad |= head(walk, &number) != kind;
    return walk->is_bad ? 0 : number;
}

static const uint8_t *bytes_of(struct walk *walk, int64_t len)
{
    const uint8_t *at = walk->at;
    if (len < 0 || walk->end - walk->at < len) {
        walk->is_bad = true;
        walk->at = walk->end;
        return at;
    }
    walk->at += len;
    return at;
}

static void bin_into(struct walk *walk, uint8_t *out, int64_t len)
{
    int64_t got = expect(walk, BIN);
    const uint8_t *at = bytes_of(walk, got);
    walk->is_bad |= got != len;
    if (!walk->is_bad) {
        memcpy(out, at, (size_t)len);
    }
}

/* One whole value, whatever is in it. */
static struct model_bytes value_of(struct walk *walk)
{
    const uint8_t *from = walk->at;
    for (uint64_t left = 1; left > 0 && !walk->is_bad; left--) {
        int64_t number = 0;
        enum kind kind = head(walk, &number);
        if (kind == STR || kind == BIN) {
            (void)bytes_of(walk, number);
        } else if (kind == ARRAY || kind == MAP) {
            left += (uint64_t)number * (kind == MAP ? 2 : 1);
        }
    }
    return (struct model_bytes){from, (size_t)(walk->at - from)};
}

/* ---- memory of one telling ---- */

static void *take(struct retold *told, size_t size)
{
    void *memory = lum_arena_take(&told->arena, size);
    LUM_ASSERT(memory != NULL);
    memset(memory, 0, size);
    return memory;
}

static const char *text_of(struct retold *told, struct walk *walk)
{
    int64_t len = expect(walk, STR);
    const uint8_t *at = bytes_of(walk, len);
    char *text = take(told, (size_t)len + 1);
    memcpy(text, at, walk->is_bad ? 0 : (size_t)len);
    return text;
}

/* ---- an event's head ---- */

static void read_deps(struct walk *walk, struct model_event *event)
{
    event->dep_count = (uint32_t)expect(walk, ARRAY);
    walk->is_bad |= event->dep_count > MODEL_DEPS_MAX;
    for (uint32_t i = 0; i < event->dep_count && !walk->is_bad; i++) {
        struct model_dep *dep = &event->deps[i];
        int64_t parts = expect(walk, ARRAY);
        bin_into(walk, dep->log8, 8);
        dep->seq = (uint64_t)expect(walk, INT);
        dep->is_pin = parts == 3;
        if (dep->is_pin) {
            bin_into(walk, dep->hash16, 16);
        }
    }
}

/* Leaves the walk at the payload; gives its length. */
static size_t read_header(struct walk *walk, struct model_event *event)
{
    int64_t parts = expect(walk, ARRAY);
    int64_t ignored = 0;
    event->kind = (uint32_t)expect(walk, INT);
    (void)expect(walk, INT); /* dt: the chain has added it up */
    read_deps(walk, event);
    size_t plen = (size_t)expect(walk, INT);
    event->is_withheld = head(walk, &ignored) == BIN;
    (void)bytes_of(walk, ignored);
    if (parts == 6) {
        (void)value_of(walk);
    }
    return event->is_withheld ? 0 : plen;
}

/* ---- data ---- */

struct ref {
    bool is_id;
    uint8_t id[16];
    uint64_t back;
    uint32_t op;
};

/* The log a dep of this event speaks of, by its first eight bytes. */
static uint32_t log_of_dep(const struct retold *told, const struct model_event *event, uint64_t i)
{
    for (uint32_t log = 0; i < event->dep_count && log < told->set.log_count; log++) {
        if (memcmp(told->set.logs[log].id, event->deps[i].log8, 8) == 0) {
            return log;
        }
    }
    return MODEL_LOGS_MAX; /* of a log that is not here: names nothing */
}

static struct model_dot read_dot(struct retold *told, struct walk *walk,
                                 const struct model_event *event, bool has_op)
{
    struct model_dot dot = {0};
    int64_t parts = expect(walk, ARRAY);
    int64_t first = expect(walk, INT);
    int64_t second = expect(walk, INT);
    if (parts == 3 || !has_op) {
        dot.log = log_of_dep(told, event, (uint64_t)first);
        dot.seq =
            (uint64_t)first < event->dep_count ? event->deps[first].seq - (uint64_t)second : 0;
        dot.op = has_op ? (uint32_t)expect(walk, INT) : 0;
    } else {
        dot.log = event->log;
        dot.seq = event->seq - (uint64_t)first;
        dot.op = (uint32_t)second;
    }
    return dot;
}

static void read_dots(struct retold *told, struct walk *walk, const struct model_event *event,
                      struct model_op *op)
{
    uint32_t count = (uint32_t)expect(walk, ARRAY);
    struct model_dot *dots = take(told, (count + 1) * sizeof dots[0]);
    for (uint32_t i = 0; i < count && !walk->is_bad; i++) {
        struct model_dot dot = read_dot(told, walk, event, op->type != MODEL_DROP);
        if (dot.log != MODEL_LOGS_MAX) {
            dots[op->dot_count++] = dot;
        }
    }
    op->dots = dots;
}

static void read_pairs(struct retold *told, struct walk *walk, struct model_op *op, uint32_t count)
{
    struct model_pair *pairs = take(told, (count + 1) * sizeof pairs[0]);
    op->pair_count = count;
    for (uint32_t i = 0; i < count && !walk->is_bad; i++) {
        pairs[i].field = text_of(told, walk);
        pairs[i].value = value_of(walk);
    }
    op->pairs = pairs;
}

static void name_record(const struct ref *ref, const struct model_event *event, struct model_op *op)
{
    op->about = ref->is_id ? MODEL_BY_ID : ref->back == 0 ? MODEL_BY_OP : MODEL_BY_MAKE;
    memcpy(op->id, ref->id, sizeof op->id);
    op->about_seq = event->seq - ref->back;
    op->about_op = ref->op;
}

static void read_op(struct retold *told, struct walk *walk, const struct model_event *event,
                    const struct ref *refs, struct model_op *op)
{
    (void)expect(walk, ARRAY);
    int64_t type = expect(walk, INT);
    op->type = (enum model_op_type)type;
    if (op->type == MODEL_MAKE || op->type == MODEL_MAKE_KEYED) {
        op->collection = text_of(told, walk);
        op->key = op->type == MODEL_MAKE_KEYED ? text_of(told, walk) : NULL;
        read_pairs(told, walk, op, (uint32_t)expect(walk, MAP));
        return;
    }
    name_record(&refs[expect(walk, INT)], event, op);
    if (op->type == MODEL_SET) {
        read_pairs(told, walk, op, 1);
    }
    read_dots(told, walk, event, op);
}

static struct ref *read_refs(struct retold *told, struct walk *walk)
{
    uint32_t count = (uint32_t)expect(walk, ARRAY);
    struct ref *refs = take(told, (count + 1) * sizeof refs[0]);
    for (uint32_t i = 0; i < count && !walk->is_bad; i++) {
        struct walk here = *walk;
        int64_t number = 0;
        refs[i].is_id = head(&here, &number) == BIN;
        if (refs[i].is_id) {
            bin_into(walk, refs[i].id, 16);
        } else {
            (void)expect(walk, ARRAY);
            refs[i].back = (uint64_t)expect(walk, INT);
            refs[i].op = (uint32_t)expect(walk, INT);
        }
    }
    return refs;
}

static void read_data(struct retold *told, struct walk *walk, struct model_event *event)
{
    (void)expect(walk, ARRAY);
    const struct ref *refs = read_refs(told, walk);
    event->op_count = (uint32_t)expect(walk, ARRAY);
    struct model_op *ops = take(told, (event->op_count + 1) * sizeof ops[0]);
    for (uint32_t i = 0; i < event->op_count && !walk->is_bad; i++) {
        read_op(told, walk, event, refs, &ops[i]);
    }
    event->ops = ops;
}

/* ---- control ---- */

static void read_ref(struct walk *walk, struct model_ref *ref)
{
    (void)expect(walk, ARRAY);
    bin_into(walk, ref->log8, 8);
    ref->seq = (uint64_t)expect(walk, INT);
    bin_into(walk, ref->hash16, 16);
}

/* Which of the invites' keys signed this JOIN, if one did. */
static void find_signer(const struct retold *told, struct model_fact *fact, const uint8_t x[32],
                        const uint8_t t[32], const uint8_t sig[64])
{
    static const char label[] = "lumbung/1 join";
    uint8_t said[sizeof label - 1 + 4 * 32];
    uint8_t *at = said;
    memcpy(at, label, sizeof label - 1);
    memcpy(at += sizeof label - 1, told->set.space.id, 32);
    memcpy(at += 32, fact->a, 32);
    memcpy(at += 32, x, 32);
    memcpy(at + 32, t, 32);
    for (uint32_t i = 0; i < told->set.event_count; i++) {
        const struct model_fact *invite = &told->set.events[i].fact;
        if (told->set.events[i].kind == 2 && invite->type == MODEL_INVITE &&
            crypto_sign_verify_detached(sig, said, sizeof said, invite->pk) == 0) {
            memcpy(fact->pk, invite->pk, 32);
        }
    }
}

static void read_control(struct retold *told, struct walk *walk, struct model_event *event)
{
    struct model_fact *fact = &event->fact;
    uint8_t x[32];
    uint8_t t[32];
    uint8_t sig[64];
    (void)expect(walk, ARRAY);
    int64_t type = expect(walk, INT);
    fact->type = (enum model_control)type;
    if (fact->type == MODEL_INVITE) {
        bin_into(walk, fact->pk, 32);
        fact->role = (uint32_t)expect(walk, INT);
        fact->uses = (uint64_t)expect(walk, INT);
    } else if (fact->type == MODEL_JOIN) {
        read_ref(walk, &fact->ref);
        bin_into(walk, fact->a, 32);
        bin_into(walk, x, 32);
        bin_into(walk, t, 32);
        bin_into(walk, sig, 64);
        find_signer(told, fact, x, t, sig);
    } else if (fact->type != MODEL_GENESIS) {
        read_ref(walk, &fact->ref);
        fact->role = fact->type == MODEL_ADMIT ? (uint32_t)expect(walk, INT) : 0;
    }
}

/* ---- the whole log ---- */

/* A bad one says so of what it spoils: the core has to find out by itself. */
static bool is_void(struct lum_bytes payload)
{
    size_t len = sizeof BAD_VOID_MARK - 1;
    return payload.len >= len && memcmp(payload.at + payload.len - len, BAD_VOID_MARK, len) == 0;
}

static bool read_event(struct retold *told, uint32_t log, const struct lum_log_event *from)
{
    if (told->set.event_count == MODEL_EVENTS_MAX) {
        return false;
    }
    struct model_event *event = &told->set.events[told->set.event_count];
    uint8_t *raw = take(told, from->raw.len + 1);
    memcpy(raw, from->raw.at, from->raw.len);
    struct walk walk = {raw, raw + from->raw.len, false};
    *event = (struct model_event){.log = log, .seq = from->seq, .t = from->chain.t};
    memcpy(event->h, from->chain.h.b, 32);
    size_t plen = read_header(&walk, event);
    LUM_ASSERT(!walk.is_bad && (size_t)(walk.end - walk.at) == plen);
    event->is_malformed = is_void(from->payload);
    if (event->is_malformed) {
        told->set.event_count++;
        return true;
    }
    if (plen > 0 && event->kind == 0) {
        read_data(told, &walk, event);
    } else if (plen > 0 && event->kind == 2) {
        read_control(told, &walk, event);
    }
    LUM_ASSERT(!walk.is_bad); /* honest devices write nothing else */
    told->set.event_count++;
    return true;
}

static bool read_logs(struct retold *told, struct lum_txn *txn, bool gov)
{
    struct lum_log_reader *reader = NULL;
    bool fits = true;
    LUM_ASSERT(lum_log_reader_open(&reader) == LUM_OK);
    for (uint32_t i = 0; i < told->set.log_count && fits; i++) {
        struct lum_log_event event;
        if ((told->set.logs[i].shelf == 0) != gov ||
            lum_log_seek(reader, txn, told->lnos[i], 1) != LUM_OK) {
            continue;
        }
        while (fits && lum_log_next(reader, &event) == LUM_OK) {
            fits = read_event(told, i, &event);
        }
    }
    lum_log_reader_close(reader);
    return fits;
}

static bool list_logs(struct retold *told, struct lum_txn *txn)
{
    uint32_t count = lum_log_count(txn);
    for (uint32_t lno = 1; lno <= count && count <= MODEL_LOGS_MAX; lno++) {
        struct lum_log_row row;
        LUM_ASSERT(lum_log_get(txn, lno, &row) == LUM_OK);
        struct model_log *log = &told->set.logs[told->set.log_count];
        *log = (struct model_log){.shelf = row.name.shelf,
                                  .held = row.place.chain.seq,
                                  .is_frozen = row.is_frozen,
                                  .fork_point = row.fork_point};
        memcpy(log->id, row.place.log_id.b, 32);
        memcpy(log->author, row.name.author, 32);
        told->lnos[told->set.log_count++] = lno;
    }
    return count <= MODEL_LOGS_MAX;
}

bool retell(struct retold *told, struct lum_txn *txn, const struct lum_roster *roster)
{
    const struct lum_genesis *genesis = lum_roster_genesis(roster);
    struct model_space *space = &told->set.space;
    memset(&told->set, 0, sizeof told->set);
    lum_arena_init(&told->arena);
    memcpy(space->id, lum_roster_space(roster)->b, 32);
    space->founded = genesis->founded_ms;
    space->founder_count = genesis->founder_count;
    for (uint32_t i = 0; i < space->founder_count; i++) {
        memcpy(space->founders[i], genesis->founders[i].a, 32);
    }
    return lum_roster_device_count(roster) <= MODEL_DEVICES_MAX && list_logs(told, txn) &&
           read_logs(told, txn, true) && read_logs(told, txn, false);
}

void retell_end(struct retold *told)
{
    lum_arena_fini(&told->arena);
}
