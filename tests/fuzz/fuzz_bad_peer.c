/*
 * fuzz_bad_peer.c - a member with real keys and evil intent, against a node: its sync machine, its
 * way in, its store.
 *
 *   input = who u8 | held: 4 numbers of events u8 | steps
 *     who & 3   whose node key: Citra's (2 of 4), a stranger's, the node's own
 *     who & 8   every structure is checked after       who & 16   Citra dials
 *   step = what u8 | arguments; see `step`
 *
 * The peer is Citra, who came by an invite: she writes whatever she likes with her own keys (pen.h)
 * and says it, and what others wrote, in whatever message, order and number. Holds: the node takes
 * in nothing of others but what they wrote, no log of theirs freezes, nobody gains a right, a
 * message never asserts, and then an honest meeting makes Anna and Budi equal.
 */
#include <stdio.h>

#include "core/verify.h"
#include "sync/frontier.h"
#include "tests/fuzz/input.h"
#include "tests/lib/pair_i.h"
#include "tests/lib/pen.h"

enum {
    STEPS_MAX = 64,
    PENS_MAX = 8,
    NODE = 1,
    ENTRIES_MAX = 40,
    PAYLOAD_MAX = 300,
};

static struct pair *pair;
static unsigned long inputs;
static unsigned long open_inputs;
static unsigned long taken_inputs;
static unsigned long fault_inputs;

/* Of this input. */
static uint32_t session;
static bool is_up;
static bool is_dialling;
static struct lum_sign_key node_key;
static struct pen pens[PENS_MAX];
static unsigned pen_count;

static struct end *node(void)
{
    return &pair->ends[NODE];
}

/* ---- the line ---- */

static void hear(uint8_t type, struct lum_buf *body)
{
    struct lum_sync_event event = {.type = LUM_SYNC_MESSAGE, .session = session};
    struct lum_bytes block = block_of(lum_buf_bytes(body));
    LUM_ASSERT(!body->broken);
    event.message.type = type;
    event.message.body = block;
    if (node()->job_count >= JOBS_MAX - LUM_BUNCH_MAX) {
        pair_write(pair, NODE);
    }
    pair_end_step(pair, node(), &event);
    block_free(block);
    lum_buf_fini(body);
}

static void dial(void)
{
    struct lum_sync_event down = {.type = LUM_SYNC_DOWN, .session = session};
    struct lum_sync_event up = {.type = LUM_SYNC_UP, .session = session + 1};
    if (is_up) {
        pair_end_step(pair, node(), &down);
    }
    session++;
    up.up.is_initiator = !is_dialling;
    memset(up.up.hash, (int)(session & 255), sizeof up.up.hash);
    pair_end_step(pair, node(), &up);
    is_up = true;
}

static void say_auth(struct input *in)
{
    struct lum_buf body;
    uint8_t hash[64];
    uint8_t how = input_byte(in);
    const struct lum_auth auth = {.has_generation = (how & 1) == 0,
                                  .wall_ms = PAIR_FOUNDED_MS + input_number(in, 1) * 100000000};
    const struct lum_auth_role role = {is_dialling == ((how & 2) == 0), hash};
    memset(hash, (int)(session & 255) + (how >> 6 == 3), sizeof hash);
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_message_put_auth(&body, &auth, &role, &node_key);
    hear(LUM_MESSAGE_AUTH, &body);
}

/* ---- logs: 0 to 6 as others wrote them, from there on Citra's ---- */

static struct lum_log_name name_of(uint8_t log)
{
    if (log < PAIR_BRANCH) {
        return pair->logs[log].name;
    }
    return pens[(log - PAIR_BRANCH) % PENS_MAX].name;
}

static struct lum_hash id_of(uint8_t log)
{
    struct lum_hash id;
    struct lum_log_name name = name_of(log);
    lum_log_id(&pair->space, &name, &id);
    return id;
}

/* What may stand there: small numbers, and the ends of what there is. */
static uint64_t seq_of(struct input *in)
{
    uint8_t what = input_byte(in);
    return what < 200 ? what : what < 250 ? (uint64_t)INT64_MAX >> (what - 200) : UINT64_C(1) << 40;
}

static void put_entry(struct input *in, struct lum_buf *body)
{
    uint8_t how = input_byte(in);
    uint8_t log = input_byte(in) % 16;
    struct lum_front_entry entry = {.name = (enum lum_front_name)(how % 3), .number = log};
    struct lum_hash id = id_of(log);
    memcpy(entry.log8, id.b, sizeof entry.log8);
    entry.log8[0] ^= (how & 64) != 0;
    entry.seq = seq_of(in);
    entry.seq = entry.seq < INT64_MAX ? entry.seq : INT64_MAX - 1;
    entry.is_frozen = (how & 8) != 0;
    entry.tag = (how & 16) != 0 ? input_byte(in) : 0;
    if ((how & 32) != 0 && log < PAIR_BRANCH && entry.seq >= 1 &&
        entry.seq <= pair->logs[log].head) { /* the right one */
        uint8_t hash[64];
        memset(hash, (int)(session & 255), sizeof hash);
        entry.tag = lum_frontier_tag(hash, &pair->logs[log].marks[entry.seq - 1].chain.h);
    }
    lum_message_put_entry(body, &entry);
}

static void say_front(struct input *in)
{
    struct lum_buf body;
    uint8_t masks = input_byte(in);
    uint8_t count = input_byte(in) % ENTRIES_MAX;
    static const enum lum_front_mode modes[] = {LUM_FRONT_DIGESTS, LUM_FRONT_VECTOR,
                                                LUM_FRONT_ANSWER, LUM_FRONT_VECTOR};
    struct lum_front front = {.mode = modes[masks & 3], .shown = masks >> 2 & 7};
    front.covered = front.shown & (masks >> 5);
    front.digested = front.shown & input_byte(in);
    front.digests[0][0] = input_byte(in);
    if (input_flag(in)) { /* equal, it says */
        struct lum_txn *txn = NULL;
        must(lum_txn_begin_read(node()->store, &txn, NULL));
        must(lum_log_frontier(txn, LUM_SHELF_GOV, front.digests[0]));
        must(lum_log_frontier(txn, LUM_SHELF_COMMON, front.digests[1]));
        lum_txn_abort(txn);
    }
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_message_put_front(&body, &front);
    for (uint8_t i = 0; i < count && front.mode != LUM_FRONT_DIGESTS; i++) {
        put_entry(in, &body);
    }
    hear(LUM_MESSAGE_FRONT, &body);
}

static void say_intro(struct input *in)
{
    struct lum_buf body;
    uint8_t how = input_byte(in);
    uint8_t log = input_byte(in) % 16;
    struct lum_intro intro = {.number = input_byte(in) % 20, .is_short = (how & 1) != 0};
    struct lum_hash id = id_of(log);
    memcpy(intro.log8, id.b, sizeof intro.log8);
    intro.name = name_of(log);
    intro.name.incarnation[7] ^= (how & 2) != 0;
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_message_put_intro(&body, &intro);
    hear(LUM_MESSAGE_INTRO, &body);
}

/* A piece of a log, as it is or with something about it changed. */
static void say_piece(struct input *in, uint8_t type)
{
    static struct lum_sig seals[EVENTS_MAX];
    struct lum_buf body;
    uint8_t how = input_byte(in);
    uint8_t log = input_byte(in) % 16;
    struct lum_ingest run;
    if (log < PAIR_BRANCH) {
        uint64_t first = 1 + input_byte(in) % pair->logs[log].head;
        uint64_t last = first + input_byte(in) % (pair->logs[log].head - first + 1);
        run = pair_logs_piece(&pair->logs[log], first, last, seals);
    } else {
        run = pen_run(&pens[(log - PAIR_BRANCH) % PENS_MAX]);
        memcpy(seals, run.seals.at, run.seals.count * sizeof seals[0]);
    }
    if (run.bytes.len == 0 || run.seals.count == 0 || run.seals.count > LUM_MESSAGE_SEALS_MAX) {
        return;
    }
    struct lum_piece piece = {
        input_byte(in) % 20, run.first, 0, {seals, run.seals.count}, run.bytes};
    piece.first = (how & 1) != 0 ? 1 + seq_of(in) % (INT64_MAX - 1) : piece.first;
    piece.plain_len = (how & 2) != 0 ? input_byte(in) : 0;
    seals[0].b[input_byte(in) % 64] ^= (how & 4) != 0;
    piece.seals.count -= (how & 8) != 0 && piece.seals.count > 1;
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    if (type == LUM_MESSAGE_TAIL) {
        piece.seals.at += piece.seals.count - 1;
        piece.seals.count = 1;
        piece.plain_len = 0;
        lum_message_put_tail(&body, &piece);
    } else {
        lum_message_put_seg(&body, &piece);
    }
    if ((how & 16) != 0) {
        body.at[input_number(in, 2) % body.len] ^= input_byte(in);
    }
    hear(type, &body);
}

static void say_small(struct input *in, uint8_t what)
{
    struct lum_buf body;
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    if (what == LUM_MESSAGE_HAVE) {
        struct lum_have have = {.number = input_byte(in) % 20};
        have.seq = seq_of(in);
        have.seq = have.seq < INT64_MAX ? have.seq : INT64_MAX - 1;
        lum_message_put_have(&body, &have);
    } else {
        struct lum_bytes bytes = input_bytes(in, input_byte(in));
        lum_buf_put(&body, bytes.at, bytes.len);
    }
    hear(what, &body);
}

/* ---- what Citra writes ---- */

static struct pen *a_pen(struct input *in)
{
    const struct pen_space space = {pair->space, PAIR_FOUNDED_MS};
    uint8_t how = input_byte(in);
    if (pen_count == 0 || ((how & 1) != 0 && pen_count < PENS_MAX)) {
        pen_begin(&pens[pen_count], &space, &pair->devices[CITRA].author, how >> 2,
                  (how & 2) != 0 ? LUM_SHELF_GOV : LUM_SHELF_COMMON);
        pen_count++;
    }
    return &pens[how % pen_count];
}

static void write_event(struct input *in)
{
    struct pen *pen = a_pen(in);
    uint8_t how = input_byte(in);
    struct lum_header header = {.kind = (how & 1) != 0 ? input_byte(in) % (LUM_KIND_MAX + 1) : 0};
    header.dt = (how & 2) != 0 ? (int64_t)seq_of(in) : 1;
    header.dep_count = (how & 4) != 0;
    header.deps[0].seq = 1 + seq_of(in) % (INT64_MAX - 1);
    header.deps[0].is_pin = (how & 8) != 0;
    struct lum_hash dep = id_of(input_byte(in) % 16);
    memcpy(header.deps[0].log8, dep.b, 8);
    header.has_epoch = (how & 16) != 0;
    header.epoch[0] = input_byte(in);
    struct lum_bytes payload = input_bytes(in, input_number(in, 2) % PAYLOAD_MAX);
    if (pen->run.len < 32768 && pen->seal_count < LUM_MESSAGE_SEALS_MAX - 1) {
        (void)pen_add(pen, &header, payload);
    }
}

/* Rights that she has not: admits herself, invites, cancels, and JOINs by the invite she has. */
static void write_control(struct input *in)
{
    struct pen *pen = a_pen(in);
    const struct lum_device *own =
        lum_roster_by_author(node()->roster, pair->devices[CITRA].author.public);
    struct lum_control control = {.op = (enum lum_control_op)(1 + input_byte(in) % 4)};
    uint8_t role = input_byte(in) % 5;
    if (control.op == LUM_INVITE) {
        control.invite.role = role == 0 ? 1 : role;
        control.invite.uses = 1 + input_number(in, 1);
    } else if (control.op == LUM_CANCEL && own != NULL) {
        control.cancel = own->invite;
    } else if (control.op == LUM_JOIN && own != NULL) {
        control.join.invite = own->invite;
        control.join.axt[0] = input_byte(in);
    } else if (control.op == LUM_ADMIT && own != NULL) {
        control.admit.join = own->join;
        control.admit.role = role == 0 ? 4 : role;
    } else {
        return;
    }
    if (pen->run.len < 32768 && pen->seal_count < LUM_MESSAGE_SEALS_MAX - 1) {
        pen_add_control(pen, &control);
    }
}

static void seal(struct input *in)
{
    struct pen *pen = a_pen(in);
    if (pen->run.len > 0 && pen->seal_count < LUM_MESSAGE_SEALS_MAX) {
        pen_seal(pen);
    }
}

static void room(struct input *in)
{
    struct lum_sync_event event = {.type = LUM_SYNC_ROOM, .session = session};
    event.room_queued = input_number(in, 1) * (size_t)8192;
    pair_end_step(pair, node(), &event);
}

static void step(struct input *in)
{
    uint8_t what = input_byte(in) % 20;
    static const uint8_t small[] = {LUM_MESSAGE_HOLD,    LUM_MESSAGE_BYE,     LUM_MESSAGE_ADDRESS,
                                    LUM_MESSAGE_GENESIS, LUM_MESSAGE_WELCOME, LUM_MESSAGE_BUNCH};
    if (what < 2) {
        say_auth(in);
    } else if (what < 5) {
        say_front(in);
    } else if (what < 7) {
        say_intro(in);
    } else if (what < 9) {
        say_piece(in, LUM_MESSAGE_SEG);
    } else if (what == 9) {
        say_piece(in, LUM_MESSAGE_TAIL);
    } else if (what == 10) {
        say_piece(in, LUM_MESSAGE_PROOF);
    } else if (what == 11) {
        say_small(in, LUM_MESSAGE_HAVE);
    } else if (what == 12) {
        say_small(in, small[input_byte(in) % LUM_COUNT(small)]);
    } else if (what == 13) {
        say_small(in, input_byte(in));
    } else if (what == 14) {
        write_event(in);
    } else if (what == 15) {
        write_control(in);
    } else if (what == 16) {
        seal(in);
    } else if (what == 17) {
        pair_write(pair, NODE);
    } else if (what == 18) {
        pair_pass(pair, input_number(in, 1) * UINT64_C(100));
        room(in);
    } else {
        pair_grow(pair, NODE, PAIR_BUDI, pair_head(pair, NODE, PAIR_BUDI) + input_byte(in) % 9);
    }
}

/* ---- what must hold ---- */

static bool is_written(struct lum_txn *txn, struct lum_log_reader *reader,
                       const struct lum_log_row *row)
{
    struct lum_hash h;
    uint64_t head = row->place.chain.seq;
    must(lum_log_hash_at(reader, txn, row->lno, head, &h));
    for (unsigned i = 0; i < PAIR_BRANCH; i++) {
        const struct written *log = &pair->logs[i];
        if (memcmp(log->place.log_id.b, row->place.log_id.b, sizeof h.b) == 0) {
            return head >= 1 && head <= log->head &&
                   memcmp(log->marks[head - 1].chain.h.b, h.b, sizeof h.b) == 0;
        }
    }
    return false;
}

/* Gives whether a log that she made up is among them. */
static bool check_logs(bool whole)
{
    bool has_hers = false;
    struct lum_verify_report report = {0};
    struct lum_log_reader *reader = NULL;
    struct lum_txn *txn = NULL;
    must(lum_log_reader_open(&reader));
    must(lum_txn_begin_read(node()->store, &txn, NULL));
    for (uint32_t lno = 1; lno <= lum_log_count(txn); lno++) {
        struct lum_log_row row;
        must(lum_log_get(txn, lno, &row));
        bool is_hers = memcmp(row.name.author, pair->devices[CITRA].author.public, 32) == 0;
        LUM_ASSERT(is_hers || (is_written(txn, reader, &row) && !row.is_frozen));
        has_hers = has_hers || (is_hers && row.name.incarnation[0] == 'p');
    }
    if (whole) {
        must(lum_verify_log(txn, NULL, &report));
        LUM_ASSERT(report.found == 0);
    }
    lum_log_reader_close(reader);
    lum_txn_abort(txn);
    return has_hers;
}

static void check_rights(void)
{
    const struct lum_roster *roster = node()->roster;
    for (size_t i = 0; i < lum_roster_device_count(roster); i++) {
        const struct lum_device *device = lum_roster_device(roster, i);
        bool is_hers = memcmp(device->a, pair->devices[CITRA].author.public, 32) == 0;
        LUM_ASSERT(device->is_founder || is_hers);
        LUM_ASSERT(!is_hers || device->role <= LUM_ROLE_WRITER);
    }
    for (size_t i = 0; i < lum_roster_invite_count(roster); i++) {
        const struct lum_invite_fact *invite = lum_roster_invite(roster, i);
        bool is_hers = memcmp(invite->author, pair->devices[CITRA].author.public, 32) == 0;
        LUM_ASSERT(invite->is_counting != is_hers && !invite->is_cancelled);
    }
}

/* ---- an input ---- */

static void report(void)
{
    fprintf(stderr,
            "bad peer: %lu inputs, met in %lu, a log of hers taken in %lu, a fault in %lu\n",
            inputs, open_inputs, taken_inputs, fault_inputs);
    pair_close(pair);
    pair = NULL;
}

static void begin(void)
{
    if (getenv("TMPDIR") == NULL) {
        (void)setenv("TMPDIR", "/dev/shm", 0); /* stores in memory */
    }
    pair = pair_open();
    LUM_ASSERT(atexit(report) == 0);
}

static void prepare(struct input *in, uint8_t who)
{
    static const uint8_t seed[32] = "nobody's key";
    static const enum pair_log logs[] = {PAIR_ANNA_GOV, PAIR_CITRA_GOV, PAIR_BUDI, PAIR_CITRA};
    static const uint64_t least[] = {2, 0, 0, 0}; /* the invite is known */
    pair_reset(pair, false);
    for (unsigned i = 0; i < LUM_COUNT(logs); i++) {
        pair_grow(pair, NODE, logs[i], least[i] + input_number(in, 1) % 72);
    }
    node_key = pair->devices[(who & 3) == 3 ? BUDI : CITRA].node;
    if ((who & 3) == 2) {
        lum_sign_key_from_seed(seed, &node_key);
    }
    session = 1U << 30;
    is_up = false;
    is_dialling = (who & 16) != 0;
    pen_count = 0;
    memset(pens, 0, sizeof pens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lum_sync_tally tally = {0};
    struct input in = input_over(data, size);
    if (pair == NULL) {
        begin();
    }
    uint8_t who = input_byte(&in);
    prepare(&in, who);
    dial();
    bool was_met = false;
    for (unsigned i = 0; i < STEPS_MAX && in.left > 0; i++) {
        if (!lum_sync_tally(node()->sync, session, &tally)) {
            break;
        }
        was_met = was_met || tally.is_met;
        step(&in);
    }
    pair_write(pair, NODE);
    (void)lum_sync_tally(node()->sync, session, &tally);
    fault_inputs += tally.fault != LUM_FAULT_NONE;
    struct lum_sync_event down = {.type = LUM_SYNC_DOWN, .session = session};
    pair_end_step(pair, node(), &down);
    is_up = false;
    taken_inputs += check_logs((who & 8) != 0);
    check_rights();
    pair_heal(pair);
    (void)check_logs(false);
    for (unsigned i = 0; i < pen_count; i++) {
        pen_end(&pens[i]);
    }
    inputs++;
    open_inputs += was_met;
    return 0;
}
