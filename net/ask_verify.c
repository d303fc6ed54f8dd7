/*
 * ask_verify.c - the request that checks every structure of both files against every other.
 *
 * It runs beside the writer, so that nothing grows meanwhile and the loop stays free. Damage does
 * not end it: every part has its row, and the first thing that does not hold is the final error.
 */
#include <string.h>

#include "core/verify.h"
#include "net/ask.h"
#include "net/ask_page.h"

struct checking {
    struct lum_ask *ask;
    struct lum_txn *log;
    struct lum_txn *view;
    struct lum_error damage; /* the first thing that does not hold; no cause when all does */
};

/* One part of the check is over: a row, with what else the caller put into it. */
static void tell_part(struct checking *checking, const char *part, const char *file,
                      const char *what)
{
    struct lum_reply *reply = &checking->ask->reply;

    lum_reply_cstr(reply, "part", part);
    lum_reply_bool(reply, "ok", what == NULL);
    if (what != NULL) {
        lum_reply_cstr(reply, "detail", what);
    }
    lum_reply_end(reply, LUM_FRAME_ROW);
    if (what != NULL && checking->damage.cause == LUM_CAUSE_none) {
        (void)!lum_fail(&checking->damage, LUM_CAUSE_store_damaged, file, what);
    }
}

static void tell_finding(struct checking *checking, const struct lum_finding *finding)
{
    struct lum_reply *reply = &checking->ask->reply;
    struct lum_log_row row;

    lum_reply_cstr(reply, "table", finding->table);
    lum_reply_uint(reply, "at", finding->at);
    if (finding->lno != 0 && lum_log_get(checking->log, finding->lno, &row) == LUM_OK) {
        lum_reply_hex(reply, "log", row.place.log_id.b, sizeof(row.place.log_id.b));
    }
    tell_part(checking, "log", "log.mdb", finding->what);
}

static enum lum_status check_log(struct checking *checking, struct lum_error *err)
{
    struct lum_reply *reply = &checking->ask->reply;
    struct lum_verify_report report = {0};
    struct lum_pace pace = {.ask = checking->ask};
    const struct lum_tick tick = lum_pace_tick(&pace);
    enum lum_status status =
        lum_pace_end(&pace, lum_verify_log(checking->log, &tick, &report), err);

    if (status != LUM_OK) {
        return status;
    }
    for (uint64_t i = 0; i < report.found && i < LUM_FINDINGS_MAX; i++) {
        tell_finding(checking, &report.findings[i]);
    }
    lum_reply_uint(reply, "logs", report.logs);
    lum_reply_uint(reply, "events", report.events);
    lum_reply_uint(reply, "seals", report.seals);
    lum_reply_uint(reply, "blocks", report.blocks);
    lum_reply_uint(reply, "arrivals", report.arrivals);
    tell_part(checking, "log", "log.mdb", report.found == 0 ? NULL : "findings");
    return LUM_OK;
}

/* Both files must have come equally far: the same arrival, with the same running hash. */
static enum lum_status check_arrival(struct checking *checking)
{
    struct lum_arrival last;
    struct lum_view_counts counts;
    struct lum_bytes row;
    bool is_level;
    enum lum_status status = lum_log_arrival_last(checking->log, &last);

    if (status == LUM_OK) {
        status = lum_view_counts(checking->view, &counts);
    }
    if (status != LUM_OK) {
        return status;
    }
    is_level = counts.applied == last.number;
    if (is_level && last.number > 0) {
        status = lum_txn_get(checking->view, LUM_V_META,
                             lum_bytes_of(LUM_VMETA_APPLIED, strlen(LUM_VMETA_APPLIED)), &row);
        is_level = status == LUM_OK && row.len >= 8 + sizeof(last.hash.b) &&
                   memcmp(row.at + 8, last.hash.b, sizeof(last.hash.b)) == 0;
    }
    lum_reply_uint(&checking->ask->reply, "arrival", counts.applied);
    tell_part(checking, "arrival", "view.mdb",
              is_level ? NULL : "arrival differs from that of log.mdb");
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

static enum lum_status check_view(struct checking *checking)
{
    struct lum_error why = {0};
    enum lum_status status = lum_view_check(checking->view, checking->log, &why);

    if (status != LUM_OK && status != LUM_CORRUPT) {
        return status;
    }
    if (status == LUM_CORRUPT) {
        lum_space_distrust_view(checking->ask->world.space);
    }
    tell_part(checking, "view", "view.mdb",
              status == LUM_OK     ? NULL
              : why.two[0] != '\0' ? why.two
                                   : "does not read");
    if (!lum_space_is_settled(checking->ask->world.space)) {
        return LUM_OK; /* the disk is full, and the view waits for room */
    }
    return check_arrival(checking);
}

static enum lum_status check_all(struct checking *checking, struct lum_error *err)
{
    struct lum_space *space = checking->ask->world.space;
    enum lum_status status = lum_txn_begin_read(lum_space_log(space), &checking->log, err);

    if (status == LUM_OK) {
        status = lum_txn_begin_read(lum_space_view(space), &checking->view, err);
    }
    if (status == LUM_OK) {
        status = check_log(checking, err);
    }
    if (status == LUM_OK) {
        status = check_view(checking);
    }
    lum_txn_abort(checking->view);
    lum_txn_abort(checking->log);
    return status;
}

/* {}: a row for each part, and one for each thing that does not hold. */
enum lum_status lum_ask_verify(struct lum_ask *ask, struct lum_error *err)
{
    struct checking checking = {.ask = ask};
    enum lum_status status = lum_space_settle_to_read(ask->world.space, err);

    if (status == LUM_CORRUPT) { /* what the view choked on is found again in the log */
        checking.damage = *err;
        status = LUM_OK;
    }
    if (status == LUM_OK) {
        status = check_all(&checking, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (checking.damage.cause != LUM_CAUSE_none) {
        *err = checking.damage;
        return lum_cause_status(err->cause);
    }
    lum_reply_bool(&ask->reply, "ok", true);
    lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    return LUM_OK;
}
