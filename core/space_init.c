/*
 * space_init.c - a folder becomes a space: founded here, or a newcomer's with an invite alone.
 *
 *   init       genesis document, K, GENESIS, the records _space and _member: one commit
 *   init_join  the invite; the rest comes with the first contact (core/first_contact.c)
 */
#include <stdio.h>
#include <string.h>

#include "core/space_i.h"

#ifndef LUM_BUILD_DATE_MS
#define LUM_BUILD_DATE_MS 1793491200000u /* 2026-11-01, UTC */
#endif

/* ---- the clock ---- */

/* The civil date of a time since 1970 (H. Hinnant, "days_from_civil" turned around). */
static void write_date(uint64_t ms, char out[32])
{
    uint64_t days = ms / 86400000u + 719468u;
    uint64_t era = days / 146097u;
    uint64_t day_of_era = days % 146097u;
    uint64_t year_of_era =
        (day_of_era - day_of_era / 1460u + day_of_era / 36524u - day_of_era / 146096u) / 365u;
    uint64_t day_of_year =
        day_of_era - (365u * year_of_era + year_of_era / 4u - year_of_era / 100u);
    uint64_t shifted_month = (5u * day_of_year + 2u) / 153u; /* from March */
    unsigned day = (unsigned)(day_of_year - (153u * shifted_month + 2u) / 5u + 1u);
    unsigned month = (unsigned)(shifted_month < 10u ? shifted_month + 3u : shifted_month - 9u);
    uint64_t year = year_of_era + era * 400u + (month <= 2u ? 1u : 0u);
    (void)snprintf(out, 32, "%llu-%02u-%02u", (unsigned long long)(year % 1000000000u), month, day);
}

static enum lum_status check_clock(const struct lum_env *env, struct lum_error *err)
{
    uint64_t now = env->wall_ms(env->self);
    if (now >= LUM_BUILD_DATE_MS) {
        return LUM_OK;
    }
    char date[32];
    write_date(now, date);
    return lum_fail(err, LUM_CAUSE_clock_before_build, date, NULL);
}

/* ---- founding ---- */

/* The document of a space that this device founds alone. */
static void write_genesis(struct lum_space *space, struct lum_buf *document)
{
    struct lum_genesis genesis = {
        .founded_ms = space->env->wall_ms(space->env->self),
        .founder_count = 1,
        .k = 1,
        .shelves = {{LUM_SHELF_GOV, 0, "gov"}, {LUM_SHELF_COMMON, 0, "common"}},
        .shelf_count = 2,
    };
    struct lum_device_keys keys;
    space->env->random(space->env->self, genesis.salt, sizeof genesis.salt);
    lum_device_keys_derive(&space->seeds, genesis.salt, &keys);
    memcpy(genesis.founders[0].a, keys.author.public, 32);
    memcpy(genesis.founders[0].x, keys.box_public, 32);
    memcpy(genesis.founders[0].t, keys.node.public, 32);
    lum_device_keys_wipe(&keys);
    lum_genesis_write(&genesis, document);
}

static enum lum_status put_genesis(struct lum_space *space, struct lum_bytes document,
                                   struct lum_error *err)
{
    struct lum_event_at at;
    const struct lum_control control = {.op = LUM_GENESIS, .document = document};
    uint8_t secret[32];
    space->env->random(space->env->self, secret, sizeof secret);
    enum lum_status status = lum_space_take_genesis(space, document, err);
    if (status == LUM_OK) {
        status = lum_space_put_space(space, document, err);
    }
    if (status == LUM_OK) {
        status = lum_space_put_secret(space, 0, secret, err);
    }
    lum_wipe(secret, sizeof secret);
    return status == LUM_OK ? lum_space_append_control(space, &control, &at, err) : status;
}

static enum lum_status found(struct lum_space *space, struct lum_bytes name,
                             struct lum_bytes person, struct lum_error *err)
{
    struct lum_buf document;
    lum_buf_init(&document, LUM_PAYLOAD_MAX);
    write_genesis(space, &document);
    enum lum_status status = lum_buf_status(&document);
    if (status == LUM_OK) {
        status = lum_space_begin(space, err);
    }
    if (status == LUM_OK) {
        status = put_genesis(space, lum_buf_bytes(&document), err);
    }
    lum_buf_fini(&document);
    if (status == LUM_OK) {
        status = lum_space_put_name(space, "_space", lum_bytes_of("space", 5), name, err);
    }
    if (status == LUM_OK) {
        status = lum_space_put_member(space, person, err);
    }
    if (status != LUM_OK) {
        lum_space_abort(space);
        return status;
    }
    return lum_space_commit(space, err);
}

enum lum_status lum_space_init(const struct lum_space_options *options, struct lum_bytes name,
                               struct lum_bytes person, struct lum_space **out,
                               struct lum_error *err)
{
    struct lum_space *space = NULL;
    struct lum_view_progress progress = {0};
    enum lum_status status = check_clock(options->env, err);
    if (status == LUM_OK) {
        status = lum_space_move_in(options, &space, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    status = found(space, name, person, err);
    if (status == LUM_OK) {
        status = lum_space_settle(space, 0, &progress, err);
    }
    if (status != LUM_OK) {
        lum_space_close(space);
        return status;
    }
    *out = space;
    return LUM_OK;
}

/* ---- a newcomer's folder ---- */

static enum lum_status keep_invite(struct lum_space *space, const struct lum_invite *invite,
                                   struct lum_error *err)
{
    char text[LUM_INVITE_TEXT + 1];
    lum_invite_to_text(invite, text);
    enum lum_status status = lum_space_begin(space, err);
    if (status == LUM_OK) {
        status =
            lum_space_meta_put(space, LUM_META_INVITE, lum_bytes_of(text, LUM_INVITE_TEXT), err);
    }
    if (status != LUM_OK) {
        lum_space_abort(space);
        return status;
    }
    status = lum_space_commit(space, err);
    if (status == LUM_OK) {
        space->invite = *invite;
        space->has_invite = true;
        space->id = invite->space;
    }
    return status;
}

enum lum_status lum_space_init_join(const struct lum_space_options *options,
                                    const struct lum_invite *invite, struct lum_space **out,
                                    struct lum_error *err)
{
    struct lum_space *space = NULL;
    enum lum_status status = lum_space_move_in(options, &space, err);
    if (status != LUM_OK) {
        return status;
    }
    status = keep_invite(space, invite, err);
    if (status != LUM_OK) {
        lum_space_close(space);
        return status;
    }
    *out = space;
    return LUM_OK;
}
