/*
 * draft.c - gathers ops, then writes deps and payload.
 *
 *   bytes    texts and values of all ops, one after another; an op keeps spans of it
 *   places   preds, seen and drops of all ops, one after another
 *   refs     records that ops are about; an op names one by its number
 *   pins     places that no op names
 *
 * All four are buffers of plain structs whose room survives a reset.
 */
#include "core/draft.h"

#include <stdio.h>
#include <string.h>

enum {
    REF_BYTES = 18,   /* spelled: bin8 head and id */
    PLACE_BYTES = 15, /* [i, k, op] at its widest in practice; with a 9-byte k it still fits */
    OP_BYTES = 20,    /* array heads, number, reference, string heads */
    HEAD_BYTES = 8,
    REFS_LOOKED_BACK = 16,
};

static const size_t draft_max = (size_t)64 * 1024 * 1024;

struct span {
    uint32_t at;
    uint32_t len;
};

struct draft_op {
    enum lum_op_type type;
    uint32_t ref;
    struct span name;  /* collection, or field */
    struct span key;   /* of a keyed record */
    struct span value; /* value, or map of fields */
    uint32_t places_at;
    uint32_t place_count;
};

struct ref {
    bool by_id;
    struct lum_id id;
    struct lum_place place;
};

struct lum_draft {
    struct lum_buf ops;
    struct lum_buf bytes;
    struct lum_buf places;
    struct lum_buf refs;
    struct lum_buf pins;
};

/* ---- buffers of structs ---- */

static const struct draft_op *ops_of(const struct lum_draft *draft)
{
    return (const void *)draft->ops.at;
}

static const struct lum_place *places_of(const struct lum_buf *buf)
{
    return (const void *)buf->at;
}

static const struct ref *refs_of(const struct lum_draft *draft)
{
    return (const void *)draft->refs.at;
}

static uint32_t count_of(const struct lum_buf *buf, size_t size)
{
    return (uint32_t)(buf->len / size);
}

static struct lum_bytes text_of(const struct lum_draft *draft, struct span span)
{
    return span.len == 0 ? (struct lum_bytes){0}
                         : (struct lum_bytes){draft->bytes.at + span.at, span.len};
}

/* ---- a draft's life ---- */

enum lum_status lum_draft_open(struct lum_draft **out)
{
    struct lum_draft *draft = lum_alloc_zero(sizeof *draft);
    if (draft == NULL) {
        return LUM_NO_MEMORY;
    }
    lum_buf_init(&draft->ops, draft_max);
    lum_buf_init(&draft->bytes, draft_max);
    lum_buf_init(&draft->places, draft_max);
    lum_buf_init(&draft->refs, draft_max);
    lum_buf_init(&draft->pins, draft_max);
    *out = draft;
    return LUM_OK;
}

void lum_draft_close(struct lum_draft *draft)
{
    if (draft == NULL) {
        return;
    }
    lum_buf_fini(&draft->ops);
    lum_buf_fini(&draft->bytes);
    lum_buf_fini(&draft->places);
    lum_buf_fini(&draft->refs);
    lum_buf_fini(&draft->pins);
    lum_free(draft);
}

void lum_draft_reset(struct lum_draft *draft)
{
    lum_buf_reset(&draft->ops);
    lum_buf_reset(&draft->bytes);
    lum_buf_reset(&draft->places);
    lum_buf_reset(&draft->refs);
    lum_buf_reset(&draft->pins);
}

static bool is_broken(const struct lum_draft *draft)
{
    return draft->ops.broken || draft->bytes.broken || draft->places.broken || draft->refs.broken ||
           draft->pins.broken;
}

bool lum_draft_is_empty(const struct lum_draft *draft)
{
    return draft->ops.len == 0 && draft->pins.len == 0 && !is_broken(draft);
}

uint32_t lum_draft_op_count(const struct lum_draft *draft)
{
    return count_of(&draft->ops, sizeof(struct draft_op));
}

size_t lum_draft_bytes(const struct lum_draft *draft)
{
    return HEAD_BYTES + draft->bytes.len + (size_t)lum_draft_op_count(draft) * OP_BYTES +
           (size_t)count_of(&draft->places, sizeof(struct lum_place)) * PLACE_BYTES +
           (size_t)count_of(&draft->refs, sizeof(struct ref)) * REF_BYTES;
}

/* ---- gathering ---- */

static struct span keep_text(struct lum_draft *draft, struct lum_bytes text)
{
    struct span span = {(uint32_t)draft->bytes.len, (uint32_t)text.len};
    lum_buf_put(&draft->bytes, text.at, text.len);
    return span;
}

static bool same_ref(const struct ref *ref, const struct lum_about *about)
{
    if (ref->by_id != (about->id != NULL)) {
        return false;
    }
    return ref->by_id ? memcmp(ref->id.b, about->id->b, sizeof ref->id.b) == 0
                      : ref->place.seq == about->place.seq && ref->place.op == about->place.op;
}

/* The reference's number. Ops on one record come together, so only the newest are compared. */
static uint32_t ref_to(struct lum_draft *draft, const struct lum_about *about)
{
    uint32_t count = count_of(&draft->refs, sizeof(struct ref));
    uint32_t from = count > REFS_LOOKED_BACK ? count - REFS_LOOKED_BACK : 0;
    for (uint32_t i = count; i > from; i--) {
        if (same_ref(&refs_of(draft)[i - 1], about)) {
            return i - 1;
        }
    }
    struct ref ref = {.by_id = about->id != NULL, .place = about->place};
    LUM_ASSERT(ref.by_id || ref.place.lno == 0);
    if (ref.by_id) {
        ref.id = *about->id;
    }
    lum_buf_put(&draft->refs, &ref, sizeof ref);
    return count;
}

static void add(struct lum_draft *draft, struct draft_op *op, struct lum_places places)
{
    op->places_at = count_of(&draft->places, sizeof(struct lum_place));
    op->place_count = places.count;
    lum_buf_put(&draft->places, places.at, places.count * sizeof *places.at);
    lum_buf_put(&draft->ops, op, sizeof *op);
}

void lum_draft_make(struct lum_draft *draft, struct lum_bytes collection, struct lum_bytes fields)
{
    struct draft_op op = {.type = LUM_OP_MAKE};
    op.name = keep_text(draft, collection);
    op.value = keep_text(draft, fields);
    add(draft, &op, (struct lum_places){0});
}

void lum_draft_make_keyed(struct lum_draft *draft, struct lum_bytes collection,
                          struct lum_bytes key, struct lum_bytes fields)
{
    struct draft_op op = {.type = LUM_OP_MAKE_KEYED};
    op.name = keep_text(draft, collection);
    op.key = keep_text(draft, key);
    op.value = keep_text(draft, fields);
    add(draft, &op, (struct lum_places){0});
}

void lum_draft_set(struct lum_draft *draft, const struct lum_about *about,
                   const struct lum_pair *pair, struct lum_places preds)
{
    struct draft_op op = {.type = LUM_OP_SET, .ref = ref_to(draft, about)};
    op.name = keep_text(draft, pair->field);
    op.value = keep_text(draft, pair->value);
    add(draft, &op, preds);
}

void lum_draft_drop(struct lum_draft *draft, const struct lum_about *about, struct lum_places seen)
{
    struct draft_op op = {.type = LUM_OP_DROP, .ref = ref_to(draft, about)};
    add(draft, &op, seen);
}

void lum_draft_keep(struct lum_draft *draft, const struct lum_about *about, struct lum_places drops)
{
    struct draft_op op = {.type = LUM_OP_KEEP, .ref = ref_to(draft, about)};
    add(draft, &op, drops);
}

void lum_draft_pin(struct lum_draft *draft, uint32_t lno, uint64_t seq)
{
    LUM_ASSERT(lno != 0 && seq != 0);
    struct lum_place pin = {.lno = lno, .seq = seq};
    lum_buf_put(&draft->pins, &pin, sizeof pin);
}

/* ---- deps: of each foreign log the newest position that anything names ---- */

struct deps {
    uint32_t lnos[LUM_DEPS_MAX];
    uint64_t seqs[LUM_DEPS_MAX];
    uint32_t count;
    bool is_over;
};

static uint32_t find(const struct deps *deps, uint32_t lno)
{
    uint32_t i = 0;
    while (i < deps->count && deps->lnos[i] != lno) {
        i++;
    }
    return i;
}

static void need(struct deps *deps, const struct lum_place *place)
{
    if (place->lno == 0) {
        return;
    }
    uint32_t i = find(deps, place->lno);
    if (i == LUM_DEPS_MAX) {
        deps->is_over = true;
        return;
    }
    if (i == deps->count) {
        deps->lnos[i] = place->lno;
        deps->seqs[i] = 0;
        deps->count++;
    }
    if (place->seq > deps->seqs[i]) {
        deps->seqs[i] = place->seq;
    }
}

static void need_all(struct deps *deps, const struct lum_buf *places)
{
    uint32_t count = count_of(places, sizeof(struct lum_place));
    for (uint32_t i = 0; i < count && !deps->is_over; i++) {
        need(deps, &places_of(places)[i]);
    }
}

/* Puts dep at its place by log8, its lno beside it. False when that log8 is there already. */
static bool insert(struct lum_header *header, uint32_t *lnos, const struct lum_dep *dep,
                   uint32_t lno)
{
    uint32_t i = header->dep_count;
    while (i > 0 && memcmp(header->deps[i - 1].log8, dep->log8, sizeof dep->log8) > 0) {
        header->deps[i] = header->deps[i - 1];
        lnos[i] = lnos[i - 1];
        i--;
    }
    header->deps[i] = *dep;
    lnos[i] = lno;
    header->dep_count++;
    return i == 0 || memcmp(header->deps[i - 1].log8, dep->log8, sizeof dep->log8) != 0;
}

static enum lum_status too_big(size_t bytes, struct lum_error *err)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%zu", bytes);
    return lum_fail(err, LUM_CAUSE_event_too_big, text, NULL);
}

/* Afterwards deps->lnos stands in the order of header->deps. */
static enum lum_status deps_settle(const struct lum_draft *draft, const struct lum_pin_source *pins,
                                   struct lum_header *header, struct deps *deps,
                                   struct lum_error *err)
{
    struct deps needed = {0};
    need_all(&needed, &draft->places);
    need_all(&needed, &draft->pins);
    if (needed.is_over) {
        return too_big(lum_draft_bytes(draft), err);
    }
    header->dep_count = 0;
    for (uint32_t i = 0; i < needed.count; i++) {
        struct lum_dep dep;
        enum lum_status status = pins->look(pins->self, needed.lnos[i], needed.seqs[i], &dep, err);
        if (status != LUM_OK) {
            return status;
        }
        LUM_ASSERT(dep.seq >= needed.seqs[i]);
        if (!insert(header, deps->lnos, &dep, needed.lnos[i])) {
            return too_big(lum_draft_bytes(draft), err);
        }
    }
    deps->count = needed.count;
    return LUM_OK;
}

/* ---- writing ---- */

struct writer {
    const struct lum_draft *draft;
    uint64_t seq; /* of the event */
    const struct lum_header *header;
    const struct deps *deps;
    struct lum_buf *out;
};

static uint64_t back_of(const struct writer *w, const struct lum_place *place)
{
    LUM_ASSERT(place->seq <= w->seq);
    return place->seq == 0 ? 0 : w->seq - place->seq;
}

static void dot_write(const struct writer *w, const struct lum_place *place)
{
    if (place->lno == 0) {
        lum_pack_array(w->out, 2);
        lum_pack_uint(w->out, back_of(w, place));
    } else {
        uint32_t i = find(w->deps, place->lno);
        lum_pack_array(w->out, 3);
        lum_pack_uint(w->out, i);
        lum_pack_uint(w->out, w->header->deps[i].seq - place->seq);
    }
    lum_pack_uint(w->out, place->op);
}

static void dots_write(const struct writer *w, const struct draft_op *op)
{
    lum_pack_array(w->out, op->place_count);
    for (uint32_t i = 0; i < op->place_count; i++) {
        dot_write(w, &places_of(&w->draft->places)[op->places_at + i]);
    }
}

/* The own log is seen up to the op before the drop anyhow. */
static void seen_write(const struct writer *w, const struct draft_op *op)
{
    const struct lum_place *places =
        op->place_count == 0 ? NULL : places_of(&w->draft->places) + op->places_at;
    uint32_t count = 0;
    for (uint32_t i = 0; i < op->place_count; i++) {
        count += places[i].lno != 0;
    }
    lum_pack_array(w->out, count);
    for (uint32_t i = 0; i < op->place_count; i++) {
        if (places[i].lno == 0) {
            continue;
        }
        uint32_t dep = find(w->deps, places[i].lno);
        lum_pack_array(w->out, 2);
        lum_pack_uint(w->out, dep);
        lum_pack_uint(w->out, w->header->deps[dep].seq - places[i].seq);
    }
}

static void op_write(const struct writer *w, const struct draft_op *op)
{
    static const uint32_t sizes[] = {
        [LUM_OP_MAKE] = 3, [LUM_OP_SET] = 5,        [LUM_OP_DROP] = 3,
        [LUM_OP_KEEP] = 3, [LUM_OP_MAKE_KEYED] = 4,
    };
    lum_pack_array(w->out, sizes[op->type]);
    lum_pack_uint(w->out, op->type);
    switch (op->type) {
    case LUM_OP_MAKE:
        lum_pack_str(w->out, text_of(w->draft, op->name));
        lum_pack_raw(w->out, text_of(w->draft, op->value));
        break;
    case LUM_OP_MAKE_KEYED:
        lum_pack_str(w->out, text_of(w->draft, op->name));
        lum_pack_str(w->out, text_of(w->draft, op->key));
        lum_pack_raw(w->out, text_of(w->draft, op->value));
        break;
    case LUM_OP_SET:
        lum_pack_uint(w->out, op->ref);
        lum_pack_str(w->out, text_of(w->draft, op->name));
        lum_pack_raw(w->out, text_of(w->draft, op->value));
        dots_write(w, op);
        break;
    case LUM_OP_DROP:
        lum_pack_uint(w->out, op->ref);
        seen_write(w, op);
        break;
    case LUM_OP_KEEP:
        lum_pack_uint(w->out, op->ref);
        dots_write(w, op);
        break;
    }
}

static void ref_write(const struct writer *w, const struct ref *ref)
{
    if (ref->by_id) {
        lum_pack_bin(w->out, ref->id.b, sizeof ref->id.b);
        return;
    }
    lum_pack_array(w->out, 2);
    lum_pack_uint(w->out, back_of(w, &ref->place));
    lum_pack_uint(w->out, ref->place.op);
}

static void payload_write(const struct writer *w)
{
    uint32_t ref_count = count_of(&w->draft->refs, sizeof(struct ref));
    uint32_t op_count = lum_draft_op_count(w->draft);
    lum_pack_array(w->out, 2);
    lum_pack_array(w->out, ref_count);
    for (uint32_t i = 0; i < ref_count; i++) {
        ref_write(w, &refs_of(w->draft)[i]);
    }
    lum_pack_array(w->out, op_count);
    for (uint32_t i = 0; i < op_count; i++) {
        op_write(w, &ops_of(w->draft)[i]);
    }
}

static bool is_over(const struct lum_draft *draft)
{
    bool over = lum_draft_op_count(draft) > LUM_OPS_MAX;
    for (uint32_t i = 0; i < lum_draft_op_count(draft) && !over; i++) {
        over = ops_of(draft)[i].place_count > LUM_ELEMENTS_MAX;
    }
    return over;
}

enum lum_status lum_draft_write(const struct lum_draft *draft, uint64_t seq,
                                const struct lum_pin_source *pins, struct lum_header *header,
                                struct lum_buf *payload, struct lum_error *err)
{
    struct deps deps = {0};
    if (is_broken(draft)) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    if (is_over(draft)) {
        return too_big(lum_draft_bytes(draft), err);
    }
    enum lum_status status = deps_settle(draft, pins, header, &deps, err);
    if (status != LUM_OK) {
        return status;
    }
    lum_buf_reset(payload);
    payload_write(&(struct writer){draft, seq, header, &deps, payload});
    if (payload->len > LUM_PAYLOAD_MAX || lum_buf_status(payload) == LUM_LIMIT) {
        return too_big(payload->len, err);
    }
    if (payload->broken) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    header->plen = (uint32_t)payload->len;
    return LUM_OK;
}
