/*
 * ask_people.c - requests that list who takes part: members and invites, as the roster has them.
 *
 * A roster is small beside a page of records: each answer is one step.
 */
#include <string.h>

#include "net/ask.h"
#include "net/ask_page.h"
#include "net/ask_ref.h"

/* How many devices the member of device i has, or 0 when an earlier one was that member's first. */
static uint64_t devices_from(const struct lum_roster *roster, size_t i)
{
    const struct lum_id *member = &lum_roster_device(roster, i)->member;
    uint64_t count = 0;

    for (size_t j = 0; j < lum_roster_device_count(roster); j++) {
        if (memcmp(lum_roster_device(roster, j)->member.b, member->b, sizeof(member->b)) == 0) {
            if (j < i) {
                return 0;
            }
            count++;
        }
    }
    return count;
}

static enum lum_status tell_member(struct lum_ask *ask, const struct lum_device *device,
                                   uint64_t devices)
{
    const struct lum_world *world = &ask->world;
    struct lum_reply *reply = &ask->reply;
    struct lum_bytes name;
    enum lum_status status = lum_ref_name(world, &ask->arena, device->a, &name);

    if (status != LUM_OK) {
        return status;
    }
    lum_reply_hex(reply, "member", device->member.b, sizeof(device->member.b));
    lum_reply_text(reply, "name", name);
    lum_reply_cstr(reply, "role", lum_ref_role_name(device->role));
    lum_reply_cstr(reply, "state", device->is_effective ? "effective" : "waiting");
    lum_reply_uint(reply, "devices", devices);
    if (!device->is_founder) {
        lum_ref_tell_ref(reply, "join", &device->join);
    }
    if (world->keys != NULL &&
        memcmp(world->keys->author.public, device->a, sizeof(device->a)) == 0) {
        lum_reply_bool(reply, "self", true);
    }
    lum_reply_end(reply, LUM_FRAME_ROW);
    return LUM_OK;
}

/* {}: everyone with a valid JOIN, and the founders. */
enum lum_status lum_ask_members(struct lum_ask *ask, struct lum_error *err)
{
    const struct lum_roster *roster = ask->world.roster;
    uint64_t told = 0;
    size_t count = roster == NULL ? 0 : lum_roster_device_count(roster);

    (void)err;
    for (size_t i = 0; i < count; i++) {
        uint64_t devices = devices_from(roster, i);
        if (devices > 0) {
            enum lum_status status = tell_member(ask, lum_roster_device(roster, i), devices);
            if (status != LUM_OK) {
                return status;
            }
            told++;
        }
    }
    return lum_page_end(ask, told);
}

static enum lum_status tell_invite(struct lum_ask *ask, const struct lum_invite_fact *invite)
{
    struct lum_reply *reply = &ask->reply;
    struct lum_bytes name;
    enum lum_status status = lum_ref_name(&ask->world, &ask->arena, invite->author, &name);

    if (status != LUM_OK) {
        return status;
    }
    lum_ref_tell_ref(reply, "invite", &invite->ref);
    lum_reply_cstr(reply, "role", lum_ref_role_name(invite->role));
    lum_reply_uint(reply, "uses", invite->uses);
    lum_reply_uint(reply, "used", invite->used);
    lum_reply_uint(reply, "expiry_ms", invite->expiry_ms);
    lum_reply_bool(reply, "cancelled", invite->is_cancelled);
    lum_reply_bool(reply, "counting", invite->is_counting);
    lum_reply_text(reply, "by", name);
    lum_reply_end(reply, LUM_FRAME_ROW);
    return LUM_OK;
}

/* {}: every invite, whether it counts or not. */
enum lum_status lum_ask_invites(struct lum_ask *ask, struct lum_error *err)
{
    const struct lum_roster *roster = ask->world.roster;
    size_t count = roster == NULL ? 0 : lum_roster_invite_count(roster);

    (void)err;
    for (size_t i = 0; i < count; i++) {
        enum lum_status status = tell_invite(ask, lum_roster_invite(roster, i));
        if (status != LUM_OK) {
            return status;
        }
    }
    return lum_page_end(ask, count);
}
