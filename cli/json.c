/* json.c - see json.h. */
#include "cli/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "cli/json_plain.h"
#include "cli/number.h"
#include "core/limits.h"
#include "core/pack.h"
#include "core/text.h"

/* ---- from jansson's tree to msgpack ---- */

/* One conversion. what is set when status is INVALID. */
struct in {
    struct lum_buf *out;
    struct lum_arena scratch;
    enum lum_status status;
    enum lum_text_id what;
};

static void refuse(struct in *in, enum lum_text_id what)
{
    if (in->status == LUM_OK) {
        in->status = LUM_INVALID;
        in->what = what;
    }
}

struct member {
    struct lum_bytes name;
    json_t *value;
};

static int compare_members(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;
    return lum_bytes_compare(left->name, right->name);
}

static bool is_ascii(struct lum_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* The name in Form C; ASCII is, and is borrowed. */
static struct lum_bytes normal_name(struct in *in, struct lum_bytes name)
{
    if (is_ascii(name)) {
        return name;
    }
    struct lum_buf text;
    lum_buf_init(&text, 4 * LUM_LINE_MAX);
    in->status = lum_text_nfc(name, &text);
    uint8_t *copy = in->status == LUM_OK ? lum_arena_take(&in->scratch, text.len) : NULL;
    if (copy == NULL) {
        in->status = LUM_NO_MEMORY;
    } else {
        memcpy(copy, text.at, text.len);
        name = (struct lum_bytes){copy, text.len};
    }
    lum_buf_fini(&text);
    return name;
}

static void convert(struct in *in, json_t *value, unsigned depth);

static void convert_object(struct in *in, json_t *object, unsigned depth)
{
    size_t count = json_object_size(object);
    if (count > LUM_ELEMENTS_MAX) {
        refuse(in, LUM_TEXT_json_too_many);
        return;
    }
    struct member *members = lum_arena_take(&in->scratch, count * sizeof(*members));
    if (members == NULL) {
        in->status = LUM_NO_MEMORY;
        return;
    }
    size_t i = 0;
    void *at = json_object_iter(object);
    for (; at != NULL && in->status == LUM_OK; at = json_object_iter_next(object, at), i++) {
        const char *name = json_object_iter_key(at);
        members[i].name = normal_name(in, lum_bytes_of(name, strlen(name)));
        members[i].value = json_object_iter_value(at);
    }
    if (in->status != LUM_OK) {
        return;
    }
    qsort(members, count, sizeof(*members), compare_members);
    lum_pack_map(in->out, (uint32_t)count);
    for (i = 0; i < count; i++) {
        if (i > 0 && lum_bytes_equal(members[i - 1].name, members[i].name)) {
            refuse(in, LUM_TEXT_json_twice); /* equal only in Form C */
        }
        lum_pack_str(in->out, members[i].name);
        convert(in, members[i].value, depth);
    }
}

static void convert_array(struct in *in, json_t *array, unsigned depth)
{
    size_t count = json_array_size(array);
    if (count > LUM_ELEMENTS_MAX) {
        refuse(in, LUM_TEXT_json_too_many);
        return;
    }
    lum_pack_array(in->out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        convert(in, json_array_get(array, i), depth);
    }
}

/* depth: containers that are open. */
static void convert(struct in *in, json_t *value, unsigned depth)
{
    if (in->status != LUM_OK) {
        return;
    }
    bool is_container = json_is_object(value) || json_is_array(value);
    if (is_container && depth == LUM_DEPTH_MAX) {
        refuse(in, LUM_TEXT_json_too_deep);
        return;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        convert_object(in, value, depth + 1);
        break;
    case JSON_ARRAY:
        convert_array(in, value, depth + 1);
        break;
    case JSON_STRING:
        lum_pack_str(in->out, lum_bytes_of(json_string_value(value), json_string_length(value)));
        break;
    case JSON_INTEGER:
        lum_pack_int(in->out, json_integer_value(value));
        break;
    case JSON_REAL:
        lum_pack_real(in->out, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        lum_pack_bool(in->out, json_is_true(value));
        break;
    case JSON_NULL:
        lum_pack_nil(in->out);
        break;
    }
}

/* ---- from text to jansson's tree ---- */

static bool is_number_byte(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || byte == '-' || byte == '+' || byte == '.' ||
           byte == 'e' || byte == 'E';
}

static size_t string_length(struct lum_bytes text)
{
    size_t i = 1;
    while (i < text.len && text.at[i] != '"') {
        i += text.at[i] == '\\' ? 2 : 1;
    }
    return i < text.len ? i + 1 : text.len;
}

/*
 * jansson refuses an integer beyond int64, where docs/format.md makes it a real. Copies the text
 * and gives each such integer an exponent of 0. Only called when there is one.
 */
static void widen_integers(struct lum_bytes text, struct lum_buf *out)
{
    size_t i = 0;
    while (i < text.len) {
        struct lum_bytes rest = {text.at + i, text.len - i};
        bool is_number = is_number_byte(rest.at[0]) && rest.at[0] != 'e';
        size_t len = 1;
        if (rest.at[0] == '"') {
            len = string_length(rest);
        }
        while (is_number && len < rest.len && is_number_byte(rest.at[len])) {
            len++;
        }
        lum_buf_put(out, rest.at, len);
        bool is_whole = memchr(rest.at, '.', len) == NULL && memchr(rest.at, 'e', len) == NULL &&
                        memchr(rest.at, 'E', len) == NULL;
        int64_t value = 0;
        if (is_number && is_whole && len >= 19 &&
            !lum_number_to_int((struct lum_bytes){rest.at, len}, &value)) {
            lum_buf_put(out, "e0", 2);
        }
        i += len;
    }
}

/* jansson does not always say that memory ran out, so its door to memory notes it. */
static _Thread_local bool ran_out;

static void *allocate(size_t size)
{
    void *memory = lum_alloc(size);
    ran_out = ran_out || memory == NULL;
    return memory;
}

static json_t *load(struct lum_bytes text, json_error_t *error)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    const char *at = text.len > 0 ? (const char *)text.at : "";
    ran_out = false;
    json_set_alloc_funcs(allocate, lum_free);
    json_t *tree = json_loadb(at, text.len, flags, error);
    if (tree != NULL || json_error_code(error) != json_error_numeric_overflow) {
        return tree;
    }
    struct lum_buf wide;
    lum_buf_init(&wide, 2 * text.len + 2);
    widen_integers(text, &wide);
    ran_out = wide.broken;
    if (!wide.broken) { /* a fault behind a widened integer is then told a little late */
        tree = json_loadb((const char *)wide.at, wide.len, flags, error);
    }
    lum_buf_fini(&wide);
    return tree;
}

static enum lum_text_id text_of(const json_error_t *error)
{
    static const struct {
        enum json_error_code code;
        enum lum_text_id what;
    } table[] = {
        {json_error_premature_end_of_input, LUM_TEXT_json_ends_early},
        {json_error_end_of_input_expected, LUM_TEXT_json_goes_on},
        {json_error_duplicate_key, LUM_TEXT_json_twice},
        {json_error_numeric_overflow, LUM_TEXT_json_number},
        {json_error_stack_overflow, LUM_TEXT_json_too_deep},
        {json_error_null_character, LUM_TEXT_json_zero},
        {json_error_null_byte_in_key, LUM_TEXT_json_zero},
    };
    enum json_error_code code = json_error_code(error);
    for (size_t i = 0; i < LUM_COUNT(table); i++) {
        if (table[i].code == code) {
            return table[i].what;
        }
    }
    return LUM_TEXT_json_syntax;
}

/* What a refusal says, and where in the text. */
struct refusal {
    size_t at;
    enum lum_text_id what;
};

/* The last byte of the token that is wrong (jansson's position is behind it), or the end. */
static size_t place_of(const json_error_t *error, size_t len)
{
    size_t behind = error->position > 0 ? (size_t)error->position : 0;
    if (behind > len || json_error_code(error) == json_error_premature_end_of_input) {
        return len;
    }
    return behind > 0 ? behind - 1 : 0;
}

/* Appends the value, or gives INVALID and *refusal, NO_MEMORY or LIMIT; out is then as it was. */
static enum lum_status read_value(struct lum_bytes text, bool wants_object, struct lum_buf *out,
                                  struct refusal *refusal)
{
    json_error_t error;
    size_t before = out->len;
    if (lum_json_plain(text, out)) {
        out->len = out->broken ? before : out->len;
        return lum_buf_status(out);
    }
    json_t *tree = load(text, &error);
    if (tree == NULL) {
        *refusal = (struct refusal){place_of(&error, text.len), text_of(&error)};
        return ran_out ? LUM_NO_MEMORY : LUM_INVALID;
    }
    struct in in = {.out = out, .status = LUM_OK};
    lum_arena_init(&in.scratch);
    if (wants_object && !json_is_object(tree)) {
        refuse(&in, LUM_TEXT_json_no_object);
    }
    convert(&in, tree, 0);
    lum_arena_fini(&in.scratch);
    json_decref(tree);
    if (in.status == LUM_OK) {
        in.status = lum_buf_status(out);
    }
    if (in.status != LUM_OK) {
        out->len = before;
        *refusal = (struct refusal){0, in.what};
    }
    return in.status;
}

/* The sentence of a refusal as {2}. */
static void words_of(const struct refusal *refusal, enum lum_lang lang, char out[256])
{
    char limit[16];
    bool is_depth = refusal->what == LUM_TEXT_json_too_deep;
    snprintf(limit, sizeof(limit), "%d", is_depth ? LUM_DEPTH_MAX : LUM_ELEMENTS_MAX);
    struct lum_buf text;
    lum_buf_init(&text, 256);
    lum_text(&text, lang, refusal->what, limit, NULL, NULL);
    lum_text_take(&text, out, 256);
}

/* Checks, reads, and tells what is wrong at its place. */
static enum lum_status read_at(const struct lum_spot *place, bool wants_object, enum lum_lang lang,
                               struct lum_buf *out, struct lum_error *err)
{
    const char *zero = lum_text_plain(lang, LUM_TEXT_csv_zero_byte);
    enum lum_status status = lum_lines_check(place, LUM_CAUSE_bad_json, zero, err);
    if (status != LUM_OK) {
        return status;
    }
    struct refusal refusal = {0, LUM_TEXT_json_syntax};
    status = read_value(place->text, wants_object, out, &refusal);
    if (status == LUM_INVALID) {
        char words[256];
        words_of(&refusal, lang, words);
        return lum_lines_fail(place, LUM_CAUSE_bad_json, refusal.at, words, err);
    }
    if (status == LUM_NO_MEMORY) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    return status;
}

enum lum_status lum_json_read(struct lum_bytes text, const char *name, enum lum_lang lang,
                              struct lum_buf *out, struct lum_error *err)
{
    struct lum_spot place = {name, 1, text};
    return read_at(&place, false, lang, out, err);
}

static bool is_blank(struct lum_bytes line)
{
    size_t i = 0;
    while (i < line.len && (line.at[i] == ' ' || line.at[i] == '\t')) {
        i++;
    }
    return i == line.len;
}

enum lum_status lum_json_read_line(struct lum_lines *lines, enum lum_lang lang, struct lum_buf *out,
                                   struct lum_error *err)
{
    struct lum_bytes line = {NULL, 0};
    enum lum_status status = LUM_OK;
    do {
        status = lum_lines_next(lines, &line, err);
    } while (status == LUM_OK && is_blank(line));
    if (status != LUM_OK) {
        return status;
    }
    struct lum_spot place = lum_lines_place(lines, line);
    return read_at(&place, true, lang, out, err);
}
