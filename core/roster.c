/*
 * roster.c - reads the control events of a store, and answers who may do what.
 */
#include "core/roster.h"

#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "core/invite.h"
#include "core/roster_i.h"

/* ---- reading ---- */

static enum lum_status add_event(struct lum_roster_builder *builder, const struct lum_log_row *row,
                                 const struct lum_log_event *event)
{
    if (event->header->kind != LUM_KIND_CONTROL) {
        return LUM_OK;
    }
    struct lum_ref ref = {.seq = event->seq};
    memcpy(ref.log8, row->place.log_id.b, sizeof ref.log8);
    memcpy(ref.hash16, event->chain.h.b, sizeof ref.hash16);
    return lum_roster_builder_add(builder, row->name.author, &ref, event->payload);
}

static enum lum_status add_log(struct lum_roster_builder *builder, struct lum_log_reader *reader,
                               struct lum_txn *log, const struct lum_log_row *row)
{
    uint64_t end = row->is_frozen ? row->fork_point : row->place.chain.seq;
    enum lum_status status = lum_log_seek(reader, log, row->lno, 1);
    for (uint64_t seq = 1; status == LUM_OK && seq <= end; seq++) {
        struct lum_log_event event;
        status = lum_log_next(reader, &event);
        if (status == LUM_OK) {
            status = add_event(builder, row, &event);
        }
    }
    return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
}

static enum lum_status add_logs(struct lum_roster_builder *builder, struct lum_txn *log)
{
    struct lum_log_reader *reader = NULL;
    enum lum_status status = lum_log_reader_open(&reader);
    uint32_t count = lum_log_count(log);
    for (uint32_t lno = 1; status == LUM_OK && lno <= count; lno++) {
        struct lum_log_row row;
        status = lum_log_get(log, lno, &row);
        if (status == LUM_OK && row.name.shelf == LUM_SHELF_GOV) {
            status = add_log(builder, reader, log, &row);
        }
    }
    lum_log_reader_close(reader);
    return status;
}

static enum lum_status meta_get(struct lum_txn *log, const char *name, struct lum_bytes *out)
{
    return lum_txn_get(log, LUM_T_META, lum_bytes_of(name, strlen(name)), out);
}

/* What the store says of the space it belongs to; both were checked when they came in. */
static enum lum_status read_space(struct lum_txn *log, struct lum_hash *space,
                                  struct lum_genesis *genesis)
{
    struct lum_bytes bytes;
    enum lum_status status = meta_get(log, LUM_META_GENESIS, &bytes);
    if (status != LUM_OK) {
        return status;
    }
    lum_genesis_id(bytes, space);
    return lum_genesis_read(bytes, genesis) ? LUM_OK : LUM_CORRUPT;
}

enum lum_status lum_roster_read(struct lum_txn *log, struct lum_roster **out, struct lum_error *err)
{
    struct lum_hash space;
    struct lum_genesis genesis;
    struct lum_roster_builder *builder = NULL;
    enum lum_status status = read_space(log, &space, &genesis);
    if (status == LUM_NOT_FOUND) {
        return status;
    }
    if (status == LUM_OK) {
        status = lum_roster_builder_open(&space, &genesis, &builder);
    }
    if (status == LUM_OK) {
        status = add_logs(builder, log);
    }
    if (status != LUM_OK) {
        lum_roster_builder_close(builder);
        return status == LUM_CORRUPT
                   ? lum_fail(err, LUM_CAUSE_store_damaged, "log.mdb", "control events")
                   : status;
    }
    return lum_roster_builder_end(builder, out);
}

void lum_roster_close(struct lum_roster *roster)
{
    if (roster == NULL) {
        return;
    }
    lum_free(roster->devices);
    lum_free(roster->by_node);
    lum_free(roster->holders);
    lum_free(roster->invites);
    lum_free(roster);
}

/* ---- asking ---- */

const struct lum_hash *lum_roster_space(const struct lum_roster *roster)
{
    return &roster->space;
}

const struct lum_genesis *lum_roster_genesis(const struct lum_roster *roster)
{
    return &roster->genesis;
}

static int key_and_device(const void *key, const void *device)
{
    return memcmp(key, ((const struct lum_device *)device)->a, 32);
}

const struct lum_device *lum_roster_by_author(const struct lum_roster *roster, const uint8_t a[32])
{
    return bsearch(a, roster->devices, roster->device_count, sizeof *roster->devices,
                   key_and_device);
}

const struct lum_device *lum_roster_by_node(const struct lum_roster *roster, const uint8_t t[32])
{
    size_t low = 0;
    size_t high = roster->device_count;
    while (low < high) { /* the first that is not below t */
        size_t mid = low + (high - low) / 2;
        if (memcmp(roster->by_node[mid]->t, t, 32) < 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    bool found = low < roster->device_count && memcmp(roster->by_node[low]->t, t, 32) == 0;
    return found ? roster->by_node[low] : NULL;
}

size_t lum_roster_device_count(const struct lum_roster *roster)
{
    return roster->device_count;
}

const struct lum_device *lum_roster_device(const struct lum_roster *roster, size_t i)
{
    LUM_ASSERT(i < roster->device_count);
    return &roster->devices[i];
}

size_t lum_roster_invite_count(const struct lum_roster *roster)
{
    return roster->invite_count;
}

const struct lum_invite_fact *lum_roster_invite(const struct lum_roster *roster, size_t i)
{
    LUM_ASSERT(i < roster->invite_count);
    return &roster->invites[i];
}

bool lum_roster_may(const struct lum_roster *roster, const uint8_t author[32], uint8_t kind,
                    uint8_t shelf)
{
    if (kind == LUM_KIND_CONTROL && shelf == LUM_SHELF_GOV) {
        return true;
    }
    const struct lum_device *device = lum_roster_by_author(roster, author);
    if (device == NULL || !device->is_effective) {
        return false;
    }
    return kind != LUM_KIND_DATA || device->role >= LUM_ROLE_WRITER;
}

bool lum_roster_answers(const struct lum_invite_fact *invite, uint64_t wall_ms)
{
    bool is_expired = invite->expiry_ms != 0 && wall_ms >= invite->expiry_ms;
    return invite->is_counting && !invite->is_cancelled && !is_expired;
}

int lum_roster_holder(const struct lum_roster *roster, const uint8_t author[32])
{
    const struct lum_device *device = lum_roster_by_author(roster, author);
    return device == NULL ? -1 : roster->holders[device - roster->devices];
}

size_t lum_roster_holder_count(const struct lum_roster *roster)
{
    return roster->holder_count;
}

bool lum_roster_join_is_valid(const struct lum_roster *roster, const uint8_t author[32],
                              struct lum_bytes payload)
{
    struct lum_control control;
    if (!lum_control_read(payload, &control) || control.op != LUM_JOIN ||
        memcmp(control.join.axt, author, 32) != 0) {
        return false;
    }
    for (size_t i = 0; i < roster->invite_count; i++) {
        const struct lum_invite_fact *invite = &roster->invites[i];
        if (invite->is_counting && lum_ref_equal(&invite->ref, &control.join.invite)) {
            return lum_join_check(invite->pk, &roster->space, control.join.axt, &control.join.sig);
        }
    }
    return false;
}

void lum_roster_digest(const struct lum_roster *roster, struct lum_hash *out)
{
    struct lum_plain_hasher h;
    lum_plain_hash_init(&h);
    for (size_t i = 0; i < roster->device_count; i++) {
        const struct lum_device *device = &roster->devices[i];
        if (device->is_effective) {
            uint8_t role = (uint8_t)device->role;
            lum_plain_hash_add(&h, device->a, sizeof device->a);
            lum_plain_hash_add(&h, &role, sizeof role);
        }
    }
    lum_plain_hash_end(&h, out->b);
}
