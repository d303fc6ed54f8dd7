/* fields.c - see fields.h. */
#include "cli/fields.h"

#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "core/limits.h"
#include "core/pack.h"
#include "core/text.h"
#include "core/value.h"

struct field {
    struct lum_bytes name;
    struct lum_bytes value;
};

static int compare_fields(const void *a, const void *b)
{
    const struct field *left = a;
    const struct field *right = b;

    return lum_bytes_compare(left->name, right->name);
}

static enum lum_status no_memory(struct lum_error *err)
{
    return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
}

/* What stands in the buffer, as a piece of the arena. */
static enum lum_status keep(struct lum_arena *arena, const struct lum_buf *buf,
                            struct lum_bytes *out)
{
    uint8_t *copy = lum_arena_take(arena, buf->len);

    if (copy == NULL || buf->broken) {
        return LUM_NO_MEMORY;
    }
    if (buf->len > 0) {
        memcpy(copy, buf->at, buf->len);
    }
    *out = lum_bytes_of(copy, buf->len);
    return LUM_OK;
}

enum lum_status lum_fields_value(const char *name, const char *json, enum lum_lang lang,
                                 struct lum_buf *out, struct lum_error *err)
{
    size_t before = out->len;
    struct lum_cur cur;
    enum lum_status status =
        lum_json_read(lum_bytes_of(json, strlen(json)), name, lang, out, err);

    if (status == LUM_LIMIT) {
        return lum_fail(err, LUM_CAUSE_value_too_long, name, NULL);
    }
    if (status != LUM_OK) {
        return status;
    }
    cur = lum_cur_over(lum_bytes_of(out->at + before, out->len - before));
    (void)lum_value_read(&cur);
    if (out->len - before > LUM_VALUE_MAX) {
        return lum_fail(err, LUM_CAUSE_value_too_long, name, NULL);
    }
    if (cur.fault != LUM_FAULT_NONE) {
        return lum_fail(err, LUM_CAUSE_bad_value, name, lum_text_plain(lang, LUM_TEXT_unfit_here));
    }
    return LUM_OK;
}

static enum lum_status text_value(const char *name, const char *text, struct lum_buf *out,
                                  struct lum_error *err)
{
    struct lum_bytes bytes = lum_bytes_of(text, strlen(text));

    if (!lum_utf8_valid(bytes)) {
        return lum_fail(err, LUM_CAUSE_bad_encoding, name, NULL);
    }
    lum_pack_str(out, bytes);
    return out->len > LUM_VALUE_MAX ? lum_fail(err, LUM_CAUSE_value_too_long, name, NULL) : LUM_OK;
}

/* One word taken apart; name and value go into the arena. */
static enum lum_status read_word(char *word, enum lum_lang lang, struct lum_arena *arena,
                                 struct field *out, struct lum_error *err)
{
    char *equals = strchr(word, '=');
    struct lum_buf buf;
    bool is_json;
    enum lum_status status;

    if (equals == NULL || equals == word) {
        return lum_fail(err, LUM_CAUSE_bad_usage, word, NULL);
    }
    is_json = equals[-1] == ':';
    *(equals - (is_json ? 1 : 0)) = '\0';
    lum_buf_init(&buf, LUM_LINE_MAX);
    status = lum_text_nfc(lum_bytes_of(word, strlen(word)), &buf);
    if (status == LUM_INVALID || (status == LUM_OK && !lum_field_is_valid(lum_buf_bytes(&buf)))) {
        status = lum_fail(err, LUM_CAUSE_bad_field, word,
                          lum_text_plain(lang, LUM_TEXT_unfit_name));
    } else if (status != LUM_OK || keep(arena, &buf, &out->name) != LUM_OK) {
        status = no_memory(err);
    } else {
        lum_buf_reset(&buf);
        status = is_json ? lum_fields_value(word, equals + 1, lang, &buf, err)
                         : text_value(word, equals + 1, &buf, err);
        if (status == LUM_OK && keep(arena, &buf, &out->value) != LUM_OK) {
            status = no_memory(err);
        }
    }
    lum_buf_fini(&buf);
    return status;
}

static enum lum_status pack(struct field *fields, int count, enum lum_lang lang,
                            struct lum_buf *out, struct lum_error *err)
{
    qsort(fields, (size_t)count, sizeof(*fields), compare_fields);
    lum_pack_map(out, (uint32_t)count);
    for (int i = 0; i < count; i++) {
        if (i > 0 && lum_bytes_equal(fields[i - 1].name, fields[i].name)) {
            char name[LUM_FIELD_MAX + 1] = "";
            memcpy(name, fields[i].name.at, fields[i].name.len);
            return lum_fail(err, LUM_CAUSE_bad_field, name,
                            lum_text_plain(lang, LUM_TEXT_named_twice));
        }
        lum_pack_str(out, fields[i].name);
        lum_pack_raw(out, fields[i].value);
    }
    return lum_buf_status(out) == LUM_OK ? LUM_OK : no_memory(err);
}

enum lum_status lum_fields_of_words(char *const *words, int count, enum lum_lang lang,
                                    struct lum_buf *out, struct lum_error *err)
{
    struct lum_arena arena;
    struct field *fields;
    enum lum_status status = LUM_OK;

    if (count > LUM_ELEMENTS_MAX) {
        return lum_fail(err, LUM_CAUSE_bad_usage, words[LUM_ELEMENTS_MAX], NULL);
    }
    lum_arena_init(&arena);
    fields = lum_arena_take(&arena, (size_t)count * sizeof(*fields));
    if (fields == NULL) {
        status = no_memory(err);
    }
    for (int i = 0; i < count && status == LUM_OK; i++) {
        status = read_word(words[i], lang, &arena, &fields[i], err);
    }
    if (status == LUM_OK) {
        status = pack(fields, count, lang, out, err);
    }
    lum_arena_fini(&arena);
    return status;
}
