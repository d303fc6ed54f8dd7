/*
 * build.c - the space and its logs; the stores are in build_store.c.
 */
#include "tests/lib/build.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto.h"
#include "core/invite.h"
#include "core/keys.h"
#include "tests/lib/build_i.h"

static void must(bool holds)
{
    LUM_ASSERT(holds);
}

static void seed_of(uint32_t who, const char *use, uint8_t seed[32])
{
    memset(seed, 0, 32);
    lum_put_u32(seed, who);
    memcpy(seed + 4, use, strlen(use));
}

static void author_of(uint32_t who, struct lum_sign_key *out)
{
    uint8_t seed[32];
    seed_of(who, "author", seed);
    lum_sign_key_from_seed(seed, out);
}

/* ---- the space ---- */

static void found(struct build *build, uint32_t founders)
{
    struct lum_genesis *genesis = &build->genesis;
    memset(genesis->salt, 's', sizeof genesis->salt);
    genesis->founded_ms = BUILD_FOUNDED_MS;
    genesis->founder_count = founders;
    genesis->k = 1;
    for (uint32_t i = 0; i < founders; i++) {
        struct lum_sign_key key;
        author_of(i + 1, &key);
        memcpy(genesis->founders[i].a, key.public, 32);
        seed_of(i + 1, "box", genesis->founders[i].x);
        seed_of(i + 1, "node", genesis->founders[i].t);
    }
    genesis->shelf_count = 2;
    genesis->shelves[0].index = LUM_SHELF_GOV;
    (void)snprintf(genesis->shelves[0].name, LUM_SHELF_NAME_MAX, "gov");
    genesis->shelves[1].index = LUM_SHELF_COMMON;
    (void)snprintf(genesis->shelves[1].name, LUM_SHELF_NAME_MAX, "common");
    lum_buf_init(&build->document, LUM_PAYLOAD_MAX);
    lum_genesis_write(genesis, &build->document);
    lum_genesis_id(lum_buf_bytes(&build->document), &build->space);
}

struct build *build_open(uint32_t founders)
{
    struct build *build = lum_alloc_zero(sizeof *build);
    must(build != NULL && lum_crypto_init() == LUM_OK);
    found(build, founders);
    must(lum_draft_open(&build->draft) == LUM_OK);
    for (uint32_t i = 0; i < founders; i++) {
        uint32_t log = build_log(build, i + 1, 0, LUM_SHELF_GOV);
        struct lum_control control = {.op = LUM_GENESIS};
        control.document = lum_buf_bytes(&build->document);
        struct lum_buf payload;
        lum_buf_init(&payload, LUM_PAYLOAD_MAX);
        lum_control_write(&control, &payload);
        const struct build_event event = {
            .kind = LUM_KIND_CONTROL, .t = BUILD_FOUNDED_MS, .payload = lum_buf_bytes(&payload)};
        (void)build_event(build, log, &event);
        lum_buf_fini(&payload);
    }
    return build;
}

void build_close(struct build *build)
{
    for (uint32_t i = 1; i <= build->log_count; i++) {
        lum_buf_fini(&build->logs[i].run);
        lum_buf_fini(&build->logs[i].marks);
        lum_buf_fini(&build->logs[i].seals);
        lum_buf_fini(&build->logs[i].pins);
    }
    lum_draft_close(build->draft);
    lum_buf_fini(&build->document);
    lum_free(build);
}

const struct lum_hash *build_space(const struct build *build)
{
    return &build->space;
}

/* ---- logs ---- */

struct build_log *build_log_at(struct build *build, uint32_t log)
{
    must(log >= 1 && log <= build->log_count);
    return &build->logs[log];
}

static const struct build_log *log_at(const struct build *build, uint32_t log)
{
    must(log >= 1 && log <= build->log_count);
    return &build->logs[log];
}

uint32_t build_log(struct build *build, uint32_t who, uint8_t incarnation, uint8_t shelf)
{
    struct lum_log_name name = {.incarnation = {incarnation}, .shelf = shelf};
    struct lum_sign_key key;
    uint8_t epoch[16];
    author_of(who, &key);
    memcpy(name.author, key.public, sizeof name.author);
    for (uint32_t i = 1; i <= build->log_count; i++) {
        if (memcmp(&build->logs[i].name, &name, sizeof name) == 0) {
            return i;
        }
    }
    must(build->log_count < BUILD_LOGS_MAX);
    struct build_log *log = &build->logs[++build->log_count];
    log->name = name;
    log->key = key;
    memcpy(log->place.author, name.author, sizeof log->place.author);
    lum_log_id(&build->space, &name, &log->place.log_id);
    lum_genesis_epoch(&build->space, epoch);
    lum_chain_start(&log->place.log_id, BUILD_FOUNDED_MS, epoch, &log->place.chain);
    lum_buf_init(&log->run, (size_t)1 << 30);
    lum_buf_init(&log->marks, (size_t)1 << 30);
    lum_buf_init(&log->seals, (size_t)1 << 30);
    lum_buf_init(&log->pins, (size_t)1 << 20);
    return build->log_count;
}

uint32_t build_common(struct build *build, uint32_t who)
{
    return build_log(build, who, 0, LUM_SHELF_COMMON);
}

const struct lum_hash *build_log_id(const struct build *build, uint32_t log)
{
    return &log_at(build, log)->place.log_id;
}

uint64_t build_head(const struct build *build, uint32_t log)
{
    return log_at(build, log)->place.chain.seq;
}

const struct lum_run_mark *build_marks(const struct build_log *log)
{
    return (const void *)log->marks.at;
}

struct lum_hash build_hash(const struct build *build, uint32_t log, uint64_t seq)
{
    const struct build_log *at = log_at(build, log);
    must(seq <= at->place.chain.seq);
    return seq == 0 ? at->place.log_id : build_marks(at)[seq - 1].chain.h;
}

struct lum_dep build_pin(const struct build *build, uint32_t log, uint64_t seq)
{
    struct lum_dep dep = {.seq = seq, .is_pin = true};
    struct lum_hash h = build_hash(build, log, seq);
    memcpy(dep.log8, build_log_id(build, log)->b, sizeof dep.log8);
    memcpy(dep.hash16, h.b, sizeof dep.hash16);
    return dep;
}

/* ---- events ---- */

void build_seal(const struct build_log *log, const struct lum_log_place *place, bool is_boundary,
                struct lum_sig *out)
{
    const struct lum_seal_claim claim = {
        .log_id = &place->log_id,
        .chain = &place->chain,
        .range = is_boundary ? &place->range : NULL,
    };
    lum_seal_make(&claim, &log->key, out);
}

uint64_t build_event(struct build *build, uint32_t log_number, const struct build_event *event)
{
    struct build_log *log = build_log_at(build, log_number);
    uint64_t before = log->place.chain.t;
    struct lum_header header = {
        .kind = event->kind,
        .dt = event->t == 0 ? 1000 : (int64_t)event->t - (int64_t)before,
        .dep_count = event->dep_count,
        .plen = (uint32_t)event->payload.len,
        .has_phash = event->is_withheld,
    };
    struct lum_run_mark mark = {.offset = (uint32_t)log->run.len};
    for (uint32_t i = 0; i < event->dep_count; i++) {
        header.deps[i] = event->deps[i];
    }
    lum_payload_hash(event->payload, &header.phash);
    struct lum_bytes payload = event->is_withheld ? (struct lum_bytes){0} : event->payload;
    lum_run_append(&log->run, &header, payload);
    mark.length = (uint32_t)log->run.len - mark.offset;
    must(!log->run.broken);
    must(lum_chain_step(&log->place.chain, &header, payload, &mark.is_boundary) == LUM_FAULT_NONE);
    mark.chain = log->place.chain;
    if (mark.is_boundary) {
        struct lum_sig seal;
        lum_range_add(&log->place.range, &log->place.chain.h);
        build_seal(log, &log->place, true, &seal);
        lum_buf_put(&log->seals, &seal, sizeof seal);
    }
    lum_buf_put(&log->marks, &mark, sizeof mark);
    must(!log->marks.broken && !log->seals.broken);
    return log->place.chain.seq;
}

/* A hash only where this log's latest pin does not reach. */
struct pinned {
    uint32_t log;
    uint64_t seq;
};

struct pinner {
    struct build *build;
    struct build_log *own;
};

static enum lum_status look(void *self, uint32_t log, uint64_t seq, struct lum_dep *out,
                            struct lum_error *err)
{
    struct pinner *pinner = self;
    const struct pinned *pins = (const void *)pinner->own->pins.at;
    size_t count = pinner->own->pins.len / sizeof *pins;
    (void)err;
    *out = build_pin(pinner->build, log, seq);
    for (size_t i = count; i > 0; i--) {
        if (pins[i - 1].log == log) {
            out->is_pin = pins[i - 1].seq < seq;
            break;
        }
    }
    if (out->is_pin) {
        struct pinned pin = {log, seq};
        lum_buf_put(&pinner->own->pins, &pin, sizeof pin);
    }
    return LUM_OK;
}

struct lum_draft *build_draft(struct build *build)
{
    return build->draft;
}

uint64_t build_data(struct build *build, uint32_t log, uint64_t t)
{
    struct pinner pinner = {build, build_log_at(build, log)};
    const struct lum_pin_source source = {&pinner, look};
    struct lum_header header = {0};
    struct lum_buf payload;
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    must(lum_draft_write(build->draft, build_head(build, log) + 1, &source, &header, &payload,
                         NULL) == LUM_OK);
    const struct build_event event = {
        .kind = LUM_KIND_DATA,
        .t = t,
        .payload = lum_buf_bytes(&payload),
        .deps = header.deps,
        .dep_count = header.dep_count,
    };
    uint64_t seq = build_event(build, log, &event);
    lum_buf_fini(&payload);
    lum_draft_reset(build->draft);
    return seq;
}

uint64_t build_control(struct build *build, uint32_t log, const struct lum_control *control)
{
    struct lum_buf payload;
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    lum_control_write(control, &payload);
    const struct build_event event = {.kind = LUM_KIND_CONTROL, .payload = lum_buf_bytes(&payload)};
    uint64_t seq = build_event(build, log, &event);
    lum_buf_fini(&payload);
    return seq;
}

static struct lum_ref ref_to(const struct build *build, uint32_t log, uint64_t seq)
{
    struct lum_dep pin = build_pin(build, log, seq);
    struct lum_ref ref = {.seq = seq};
    memcpy(ref.log8, pin.log8, sizeof ref.log8);
    memcpy(ref.hash16, pin.hash16, sizeof ref.hash16);
    return ref;
}

static void invite_key(uint32_t log, uint64_t seq, struct lum_sign_key *out)
{
    uint8_t seed[32];
    seed_of(log, "invite", seed);
    lum_put_u64(seed + 16, seq);
    lum_sign_key_from_seed(seed, out);
}

uint64_t build_invite(struct build *build, uint32_t log, uint8_t role, uint64_t uses)
{
    struct lum_control control = {.op = LUM_INVITE};
    struct lum_sign_key key;
    invite_key(log, build_head(build, log) + 1, &key);
    memcpy(control.invite.pk, key.public, sizeof control.invite.pk);
    control.invite.role = role;
    control.invite.uses = uses;
    return build_control(build, log, &control);
}

uint32_t build_join(struct build *build, uint32_t who, uint32_t invite_log, uint64_t invite_seq)
{
    uint32_t log = build_log(build, who, 0, LUM_SHELF_GOV);
    struct lum_control control = {.op = LUM_JOIN};
    struct lum_sign_key key;
    control.join.invite = ref_to(build, invite_log, invite_seq);
    memcpy(control.join.axt, build_log_at(build, log)->name.author, 32);
    seed_of(who, "box", control.join.axt + 32);
    seed_of(who, "node", control.join.axt + 64);
    invite_key(invite_log, invite_seq, &key);
    lum_join_sign(&key, &build->space, control.join.axt, &control.join.sig);
    (void)build_control(build, log, &control);
    return log;
}

uint64_t build_admit(struct build *build, uint32_t log, uint32_t join_log, uint8_t role)
{
    struct lum_control control = {.op = LUM_ADMIT};
    control.admit.join = ref_to(build, join_log, 1);
    control.admit.role = role;
    return build_control(build, log, &control);
}

uint32_t build_writer(struct build *build, uint32_t who)
{
    uint64_t invite = build_invite(build, 1, LUM_ROLE_WRITER, 1);
    (void)build_join(build, who, 1, invite);
    return build_common(build, who);
}

/* ---- short forms ---- */

static struct lum_buf *turn_taker(void)
{
    static struct lum_buf bufs[4];
    static uint8_t bytes[4][LUM_VALUE_MAX + 128];
    static unsigned turn;
    unsigned i = turn++ % 4;
    bufs[i] = (struct lum_buf){.at = bytes[i], .room = sizeof bytes[i], .max = sizeof bytes[i]};
    return &bufs[i];
}

struct lum_bytes build_map(const char *field, const char *text)
{
    struct lum_buf *buf = turn_taker();
    lum_pack_map(buf, 1);
    lum_pack_cstr(buf, field);
    lum_pack_cstr(buf, text);
    return lum_buf_bytes(buf);
}

struct lum_bytes build_text(const char *text)
{
    struct lum_buf *buf = turn_taker();
    lum_pack_cstr(buf, text);
    return lum_buf_bytes(buf);
}

struct lum_id build_made(const struct build *build, uint32_t log, uint64_t seq, uint16_t op)
{
    struct lum_id id;
    lum_record_id_made(build_log_id(build, log), seq, op, &id);
    return id;
}

static struct lum_bytes chars(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

struct lum_id build_keyed(const struct build *build, const char *collection, const char *key)
{
    struct lum_id id;
    lum_record_id_keyed(&build->space, LUM_SHELF_COMMON, chars(collection), chars(key), &id);
    return id;
}

uint64_t build_make(struct build *build, uint32_t log, uint64_t t, const char *field,
                    const char *text)
{
    lum_draft_make(build->draft, chars("item"), build_map(field, text));
    return build_data(build, log, t);
}

uint64_t build_make_keyed(struct build *build, uint32_t log, uint64_t t, const char *key,
                          const char *text)
{
    lum_draft_make_keyed(build->draft, chars("item"), chars(key), build_map("name", text));
    return build_data(build, log, t);
}

uint64_t build_set(struct build *build, uint32_t log, const struct build_set *set,
                   struct lum_places preds)
{
    const struct lum_about about = {.id = &set->record};
    const struct lum_pair pair = {chars(set->field), build_text(set->text)};
    lum_draft_set(build->draft, &about, &pair, preds);
    return build_data(build, log, set->t);
}

uint64_t build_drop(struct build *build, uint32_t log, const struct lum_id *record,
                    struct lum_places seen)
{
    const struct lum_about about = {.id = record};
    lum_draft_drop(build->draft, &about, seen);
    return build_data(build, log, 0);
}

uint64_t build_keep(struct build *build, uint32_t log, const struct lum_id *record,
                    struct lum_places drops)
{
    const struct lum_about about = {.id = record};
    lum_draft_keep(build->draft, &about, drops);
    return build_data(build, log, 0);
}
