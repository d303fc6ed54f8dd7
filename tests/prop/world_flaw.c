/*
 * world_flaw.c - payloads of kind 0 that are wrong in exactly one way.
 *
 * The right ops come first, so that an applier that gives up half way has already done something.
 * Then one more reference and one more op; one of both, or the frame around them, is wrong.
 */
#include <string.h>

#include "tests/prop/world_i.h"

enum {
    FLAW_UNKNOWN_OP = 1, /* inc */
    FLAW_JOURNAL,
    FLAW_NUMBER, /* an op that no version has */
    FLAW_REF,
    FLAW_DEP,
    FLAW_DEP_TOO_FAR_BACK,
    FLAW_BACK,
    FLAW_OWN_OP,
    FLAW_OP_INDEX,
    FLAW_FIELD_EMPTY,
    FLAW_FIELD_LONG,
    FLAW_FIELD_CONTROL,
    FLAW_FIELD_UTF8,
    FLAW_COLLECTION,
    FLAW_KEY_EMPTY,
    FLAW_KEY_LONG,
    FLAW_VALUE_TAG,
    FLAW_VALUE_MAP,
    FLAW_VALUE_NESTED,
    FLAW_VALUE_LINK,
    FLAW_VALUE_LONG,
    FLAW_VALUE_ZERO,
    FLAW_MAP_ORDER,
    FLAW_SPELLING,
    FLAW_REF_MAKES_NOTHING,
    FLAW_REF_BACK,
    FLAW_REF_LENGTH,
    FLAW_OP_SHORT,
    FLAW_SEEN,
    FLAW_TRAILING,
    FLAW_TRUNCATED,
    FLAW_FRAME,
    FLAW_SALT,
    FLAW_EMPTY,
    FLAW_END,
};
_Static_assert(FLAW_END - 1 == WORLD_FLAWS, "as many as are drawn");

void world_flaw_ref(const struct world_flaw *flaw, struct lum_buf *out)
{
    const uint8_t id[17] = {9, 9, 9};
    switch (flaw->number) {
    case FLAW_REF_MAKES_NOTHING: /* the op that follows is a set */
        lum_pack_array(out, 2);
        lum_pack_uint(out, 0);
        lum_pack_uint(out, flaw->event->op_count);
        break;
    case FLAW_REF_BACK:
        lum_pack_array(out, 2);
        lum_pack_uint(out, flaw->event->seq);
        lum_pack_uint(out, 0);
        break;
    case FLAW_REF_LENGTH:
        lum_pack_bin(out, id, 17);
        break;
    default:
        lum_pack_bin(out, id, 16);
        break;
    }
}

static void dot(struct lum_buf *out, uint64_t back, uint64_t op)
{
    lum_pack_array(out, 1);
    lum_pack_array(out, 2);
    lum_pack_uint(out, back);
    lum_pack_uint(out, op);
}

static void foreign_dot(struct lum_buf *out, uint64_t dep, uint64_t back, uint64_t op)
{
    lum_pack_array(out, 1);
    lum_pack_array(out, 3);
    lum_pack_uint(out, dep);
    lum_pack_uint(out, back);
    lum_pack_uint(out, op);
}

static void dots_of_set(const struct world_flaw *flaw, struct lum_buf *out)
{
    const struct model_event *event = flaw->event;
    switch (flaw->number) {
    case FLAW_DEP:
        foreign_dot(out, event->dep_count, 0, 0);
        break;
    case FLAW_DEP_TOO_FAR_BACK: /* with no dep at all it is wrong as well */
        foreign_dot(out, 0, event->dep_count > 0 ? event->deps[0].seq : 0, 0);
        break;
    case FLAW_BACK:
        dot(out, event->seq, 0);
        break;
    case FLAW_OWN_OP:
        dot(out, 0, event->op_count);
        break;
    case FLAW_OP_INDEX:
        dot(out, event->seq > 1 ? 1 : 0, 1024);
        break;
    default:
        lum_pack_array(out, 0);
        break;
    }
}

static void field_of_set(const struct world_flaw *flaw, struct lum_buf *out)
{
    static const char field[] = "0123456789012345678901234567890123456789012345678901234567890123x";
    switch (flaw->number) {
    case FLAW_FIELD_EMPTY:
        lum_pack_str(out, lum_bytes_of("", 0));
        break;
    case FLAW_FIELD_LONG:
        lum_pack_str(out, lum_bytes_of(field, 65));
        break;
    case FLAW_FIELD_CONTROL:
        lum_pack_cstr(out, "a\x7f");
        break;
    case FLAW_FIELD_UTF8:
        lum_pack_raw(out, lum_bytes_of("\xa2\xc0\xaf", 3));
        break;
    default:
        lum_pack_cstr(out, "a");
        break;
    }
}

static void value_of_set(const struct world_flaw *flaw, struct lum_buf *out)
{
    static uint8_t big[8192];
    switch (flaw->number) {
    case FLAW_VALUE_TAG:
        lum_pack_array(out, 2);
        lum_pack_uint(out, 7);
        lum_pack_uint(out, 1);
        break;
    case FLAW_VALUE_MAP:
        lum_pack_map(out, 0);
        break;
    case FLAW_VALUE_NESTED:
        lum_pack_array(out, 2);
        lum_pack_uint(out, 0);
        lum_pack_array(out, 1);
        lum_pack_uint(out, 0);
        break;
    case FLAW_VALUE_LINK:
        lum_pack_array(out, 2);
        lum_pack_uint(out, 2);
        lum_pack_bin(out, big, 15);
        break;
    case FLAW_VALUE_LONG: /* 3 more for its head */
        lum_pack_bin(out, big, 8190);
        break;
    case FLAW_VALUE_ZERO:
        lum_pack_raw(out, lum_bytes_of("\xcb\x80\0\0\0\0\0\0\0", 9));
        break;
    default:
        lum_pack_uint(out, 1);
        break;
    }
}

static void flawed_make(const struct world_flaw *flaw, struct lum_buf *out)
{
    static char key[1026];
    uint32_t number = flaw->number;
    memset(key, 'k', 1025);
    lum_pack_array(out, 4);
    lum_pack_uint(out, 18);
    lum_pack_cstr(out, number == FLAW_COLLECTION ? "Visit" : "visit");
    lum_pack_cstr(out, number == FLAW_KEY_EMPTY ? "" : number == FLAW_KEY_LONG ? key : "k1");
    if (number == FLAW_MAP_ORDER) {
        lum_pack_map(out, 2);
        lum_pack_cstr(out, "b");
        lum_pack_uint(out, 1);
    } else {
        lum_pack_map(out, 1);
    }
    lum_pack_cstr(out, "a");
    lum_pack_uint(out, 1);
}

static void flawed_set(const struct world_flaw *flaw, struct lum_buf *out)
{
    uint32_t number = flaw->number;
    lum_pack_array(out, number == FLAW_OP_SHORT ? 4 : 5);
    if (number == FLAW_SPELLING) {
        lum_pack_raw(out, lum_bytes_of("\xcc\x01", 2));
    } else {
        lum_pack_uint(out, 1);
    }
    lum_pack_uint(out, number == FLAW_REF ? flaw->refs + 1 : flaw->refs);
    field_of_set(flaw, out);
    value_of_set(flaw, out);
    if (number != FLAW_OP_SHORT) {
        dots_of_set(flaw, out);
    }
}

/* An op of a later version; in its right form, as far as we know it. */
static void unknown_op(const struct world_flaw *flaw, struct lum_buf *out)
{
    switch (flaw->number) {
    case FLAW_JOURNAL:
        lum_pack_array(out, 3);
        lum_pack_uint(out, 14);
        lum_pack_cstr(out, "visit");
        lum_pack_map(out, 0);
        break;
    case FLAW_NUMBER:
        lum_pack_array(out, 1);
        lum_pack_uint(out, 99);
        break;
    default:
        lum_pack_array(out, 4);
        lum_pack_uint(out, 2);
        lum_pack_uint(out, flaw->refs);
        lum_pack_cstr(out, "a");
        lum_pack_uint(out, 1);
        break;
    }
}

void world_flaw_op(const struct world_flaw *flaw, struct lum_buf *out)
{
    switch (flaw->number) {
    case FLAW_UNKNOWN_OP:
    case FLAW_JOURNAL:
    case FLAW_NUMBER:
        unknown_op(flaw, out);
        break;
    case FLAW_COLLECTION:
    case FLAW_KEY_EMPTY:
    case FLAW_KEY_LONG:
    case FLAW_MAP_ORDER:
        flawed_make(flaw, out);
        break;
    case FLAW_SEEN: /* a drop that has seen a log beyond its deps */
        lum_pack_array(out, 3);
        lum_pack_uint(out, 12);
        lum_pack_uint(out, flaw->refs);
        dot(out, flaw->event->dep_count, 0);
        break;
    default:
        flawed_set(flaw, out);
        break;
    }
}

void world_flaw_end(const struct world_flaw *flaw, struct lum_buf *out)
{
    const uint8_t salt[15] = {0};
    switch (flaw->number) {
    case FLAW_TRAILING:
        lum_pack_nil(out);
        break;
    case FLAW_TRUNCATED:
        out->len--;
        break;
    case FLAW_FRAME: /* three elements are promised, two are there */
        out->at[0] = 0x93;
        break;
    case FLAW_SALT:
        out->at[0] = 0x93;
        lum_pack_bin(out, salt, sizeof salt);
        break;
    case FLAW_EMPTY:
        out->len = 0;
        break;
    default:
        break;
    }
}
