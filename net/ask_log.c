/*
 * ask_log.c - the request that tells every event of every log, with what became of it here.
 *
 *   state    applied | void | pending | waiting
 *   reason   void: what is wrong with it; pending: no-right; waiting: the position that is missing,
 *            or "fork" for what stands after a proved fork point
 *
 * Raw rows carry header, payload and seal as they were said: enough to check a log from outside.
 */
#include <string.h>

#include "net/ask.h"
#include "net/ask_page.h"
#include "net/ask_ref.h"

struct walk {
    struct lum_log_reader *reader;
    uint32_t lno;
    uint64_t seq; /* told last of that log */
    uint64_t told;
    struct lum_buf header;
    struct lum_arena arena;
    struct lum_bytes member; /* who writes that log */
};

static void forget_walk(void *state)
{
    struct walk *walk = state;

    if (walk->reader != NULL) {
        lum_log_reader_close(walk->reader);
    }
    lum_buf_fini(&walk->header);
    lum_arena_fini(&walk->arena);
}

static enum lum_status begin_walk(struct lum_ask *ask, struct walk **out)
{
    struct walk *walk = lum_arena_take(&ask->arena, sizeof(*walk));

    if (walk == NULL) {
        return LUM_NO_MEMORY;
    }
    *walk = (struct walk){.lno = 1};
    lum_buf_init(&walk->header, LUM_HEADER_MAX);
    lum_arena_init(&walk->arena);
    ask->state = walk;
    ask->forget = forget_walk;
    *out = walk;
    return lum_log_reader_open(&walk->reader);
}

static const char *void_name(enum lum_void why)
{
    switch (why) {
    case LUM_VOID_MALFORMED:
        return "malformed";
    case LUM_VOID_OP:
        return "unknown-op";
    case LUM_VOID_KIND:
        return "unknown-kind";
    case LUM_VOID_SHELF:
        return "wrong-shelf";
    case LUM_VOID_CONTROL:
        return "control";
    case LUM_VOID_NOT:
        break;
    }
    return "no-right";
}

/* Has it had its effect here, and if not, why? */
static enum lum_status tell_effect(struct lum_ask *ask, const struct lum_log_row *log, uint64_t seq)
{
    struct lum_reply *reply = &ask->reply;
    struct lum_view_wait wait = {0};
    struct lum_view_void voided = {.lno = log->lno, .seq = seq - 1};
    enum lum_status status = lum_view_log(ask->world.view, log->lno, &wait);

    if (status != LUM_OK && status != LUM_NOT_FOUND) {
        return status;
    }
    if (seq > wait.applied) {
        bool is_next = wait.is_waiting && seq == wait.applied + 1;
        lum_reply_cstr(reply, "state", "waiting");
        if (log->is_frozen && seq > log->fork_point) {
            lum_reply_cstr(reply, "reason", "fork");
        } else if (is_next) {
            struct lum_ref want = {.seq = wait.seq};
            memcpy(want.log8, wait.log8, sizeof(want.log8));
            lum_ref_tell_ref(reply, "reason", &want);
        }
        return LUM_OK;
    }
    status = lum_view_void_next(ask->world.view, &voided);
    if (status == LUM_OK && voided.lno == log->lno && voided.seq == seq) {
        lum_reply_cstr(reply, "state", voided.why == LUM_VOID_NOT ? "pending" : "void");
        lum_reply_cstr(reply, "reason", void_name(voided.why));
        return LUM_OK;
    }
    lum_reply_cstr(reply, "state", "applied");
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* The seal that is held for a position: of a boundary, or the head's. */
static enum lum_status tell_seal(struct lum_ask *ask, const struct lum_log_row *log, uint64_t seq)
{
    uint8_t key[12];
    struct lum_bytes seal;
    enum lum_status status;

    lum_put_u32(key, log->lno);
    lum_put_u64(key + 4, seq);
    status = lum_txn_get(ask->world.log, LUM_T_SEAL, lum_bytes_of(key, sizeof(key)), &seal);
    if (status == LUM_NOT_FOUND && seq == log->place.chain.seq) {
        seal = lum_bytes_of(log->head_seal.b, sizeof(log->head_seal.b));
        status = LUM_OK;
    }
    if (status == LUM_OK) {
        lum_reply_hex(&ask->reply, "seal", seal.at, seal.len);
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* Header as it is hashed, payload and seal: all that is needed to check the log from outside. */
static enum lum_status tell_raw(struct lum_ask *ask, struct walk *walk,
                                const struct lum_log_row *log, const struct lum_log_event *event)
{
    lum_buf_reset(&walk->header);
    lum_header_write(event->header, true, &walk->header);
    if (walk->header.broken) {
        return lum_buf_status(&walk->header);
    }
    lum_reply_hex(&ask->reply, "header", walk->header.at, walk->header.len);
    lum_reply_hex(&ask->reply, "payload", event->payload.at, event->payload.len);
    return tell_seal(ask, log, event->seq);
}

static enum lum_status tell_event(struct lum_ask *ask, struct walk *walk,
                                  const struct lum_log_row *log, const struct lum_log_event *event)
{
    struct lum_reply *reply = &ask->reply;
    enum lum_status status = tell_effect(ask, log, event->seq);

    if (status == LUM_OK && lum_ask_bool(ask, "raw")) {
        status = tell_raw(ask, walk, log, event);
    } else {
        lum_reply_text(reply, "member", walk->member);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_reply_hex(reply, "log", log->place.log_id.b, sizeof(log->place.log_id.b));
    lum_reply_hex(reply, "author", log->name.author, sizeof(log->name.author));
    lum_reply_hex(reply, "incarnation", log->name.incarnation, sizeof(log->name.incarnation));
    lum_reply_uint(reply, "shelf", log->name.shelf);
    lum_reply_uint(reply, "seq", event->seq);
    lum_reply_uint(reply, "t", event->chain.t);
    lum_reply_uint(reply, "kind", event->header->kind);
    lum_ref_tell_event(reply, "event", &log->place.log_id, event->seq);
    lum_reply_end(reply, LUM_FRAME_ROW);
    walk->told++;
    return LUM_OK;
}

/* The rest of one log; AGAIN after a page. */
static enum lum_status walk_log(struct lum_ask *ask, struct walk *walk)
{
    struct lum_log_row log;
    struct lum_log_event event;
    enum lum_status status = lum_log_get(ask->world.log, walk->lno, &log);

    if (status != LUM_OK || walk->seq >= log.place.chain.seq) {
        return status;
    }
    lum_arena_reset(&walk->arena);
    status = lum_ref_name(&ask->world, &walk->arena, log.name.author, &walk->member);
    if (status == LUM_OK) {
        status = lum_log_seek(walk->reader, ask->world.log, walk->lno, walk->seq + 1);
    }
    while (status == LUM_OK && walk->seq < log.place.chain.seq) {
        if (lum_page_is_full(ask)) {
            return LUM_AGAIN;
        }
        status = lum_log_next(walk->reader, &event);
        if (status == LUM_OK) {
            status = tell_event(ask, walk, &log, &event);
            walk->seq = event.seq;
        }
    }
    return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
}

/* {raw?}: every event of every log, log by log. */
enum lum_status lum_ask_log(struct lum_ask *ask, struct lum_error *err)
{
    struct walk *walk = ask->state;
    enum lum_status status = LUM_OK;

    (void)err;
    if (walk == NULL) {
        status = begin_walk(ask, &walk);
    }
    while (status == LUM_OK && walk->lno <= lum_log_count(ask->world.log)) {
        status = walk_log(ask, walk);
        if (status == LUM_OK) {
            walk->lno++;
            walk->seq = 0;
        }
    }
    return status == LUM_OK ? lum_page_end(ask, walk->told) : status;
}
