/* site_many.c - a second site, and many events; see site.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/pack.h"
#include "tests/lib/site.h"

void site_pair(struct site s[2])
{
    site_prepare(&s[0]);
    site_prepare(&s[1]);
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "Budi");
    site_meet(&s[0], &s[1]);
}

void site_drop_pair(struct site s[2])
{
    site_drop(&s[0]);
    site_drop(&s[1]);
}

void site_add_many(struct site *site, const char *prefix, uint32_t count, size_t len)
{
    static char text[8192];
    uint64_t dice = 88172645463325252u;
    const struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON,
                                           .collection = lum_bytes_of("item", 4)};
    assert_true(len < sizeof(text));
    site_begin(site);
    for (uint32_t i = 0; i < count; i++) {
        char key[32];
        struct lum_buf fields;
        struct lum_edit_result result;
        int key_len = snprintf(key, sizeof(key), "%s%u", prefix, (unsigned)i);
        for (size_t at = 0; at < len; at++) {
            dice = dice * 6364136223846793005u + 1442695040888963407u;
            text[at] = (char)('!' + dice / 4294967296u % 90);
        }
        lum_buf_init(&fields, 2 * sizeof(text));
        lum_pack_map(&fields, 1);
        lum_pack_cstr(&fields, "note");
        lum_pack_str(&fields, lum_bytes_of(text, len));
        assert_int_equal(lum_edit_make_keyed(site->editor, &target,
                                             lum_bytes_of(key, (size_t)key_len),
                                             lum_buf_bytes(&fields), &result, &site->error),
                         LUM_OK);
        lum_buf_fini(&fields);
    }
    site_commit(site);
    (void)site_settle(site);
}
