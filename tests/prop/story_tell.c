/* story_tell.c - see story.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/asker.h"
#include "tests/prop/story.h"

enum {
    RECORDS_MAX = 512,
    RECORD_TEXT_MAX = 16384,
};

const char *const story_people[STORY_HALLS] = {"Siti", "Made", "Wayan"};

/* What the last chapter told of each record, by its place among the sorted keys. */
static char *told[STORY_HALLS][RECORDS_MAX];

void story_forget(void)
{
    for (unsigned who = 0; who < STORY_HALLS; who++) {
        for (size_t i = 0; i < RECORDS_MAX; i++) {
            free(told[who][i]);
            told[who][i] = NULL;
        }
    }
}

void story_put(struct lum_buf *out, const char *format, ...)
{
    char line[1024];
    va_list list;
    va_start(list, format);
    int len = vsnprintf(line, sizeof(line), format, list);
    va_end(list);
    assert_true(len >= 0 && (size_t)len < sizeof(line));
    lum_buf_put(out, line, (size_t)len);
}

/* ---- a record ---- */

struct look {
    struct site *halls; /* all, to know who wrote */
    struct lum_txn *log;
    struct lum_txn *view;
    struct lum_arena arena; /* of one record */
    struct lum_buf text;
};

/* A value of one field that still stands, and which event says it. */
struct word {
    uint64_t t;
    unsigned who;
    struct lum_bytes field;
    struct lum_bytes value;
    bool is_marked;
};

static void put_value(struct lum_buf *out, struct lum_bytes value)
{
    struct lum_cur cur = lum_cur_over(value);
    enum lum_pack_type type = lum_cur_peek(&cur);
    if (type == LUM_PACK_BOOL) {
        story_put(out, "%s", lum_cur_bool(&cur) ? "true" : "false");
    } else if (type == LUM_PACK_INT) {
        story_put(out, "%lld", (long long)lum_cur_int(&cur));
    } else if (type == LUM_PACK_REAL) {
        char text[512];
        double real = lum_cur_real(&cur);
        int digits = 0;
        do { /* the shortest decimal that reads back as the same */
            (void)snprintf(text, sizeof(text), "%.*g", ++digits, real);
        } while (strtod(text, NULL) < real || strtod(text, NULL) > real);
        story_put(out, "%s", text);
    } else {
        struct lum_bytes str = lum_cur_str(&cur, LUM_VALUE_MAX);
        story_put(out, "\"%.*s\"", (int)str.len, (const char *)str.at);
    }
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
}

static void put_key(struct lum_buf *out, struct lum_bytes key)
{
    for (size_t i = 0; i < key.len; i++) {
        if (key.at[i] == 0x1f) {
            story_put(out, " | ");
        } else {
            story_put(out, "%c", key.at[i]);
        }
    }
}

static unsigned author_of(struct look *look, uint32_t lno)
{
    struct lum_log_row row;
    assert_int_equal(lum_log_get(look->log, lno, &row), LUM_OK);
    for (unsigned who = 0; who < STORY_HALLS; who++) {
        const struct lum_device_keys *keys = lum_space_keys(look->halls[who].space);
        if (memcmp(row.name.author, keys->author.public, sizeof(row.name.author)) == 0) {
            return who;
        }
    }
    fail_msg("log %u is nobody's", (unsigned)lno);
    return STORY_HALLS;
}

static int by_event_and_field(const void *x, const void *y)
{
    const struct word *a = x;
    const struct word *b = y;
    if (a->t != b->t) {
        return a->t < b->t ? -1 : 1;
    }
    return a->who != b->who ? (int)a->who - (int)b->who : lum_bytes_compare(a->field, b->field);
}

static void take_cell(struct look *look, const struct lum_cell *cell, struct word *words)
{
    const struct lum_sibling *shown = NULL;
    assert_int_equal(lum_view_shown(look->view, look->log, cell, &shown), LUM_OK);
    for (uint32_t i = 0; i < cell->count; i++) {
        const struct lum_sibling *sibling = &cell->siblings[i];
        struct lum_view_pos pos;
        assert_int_equal(lum_view_pos(look->view, sibling->at.lno, sibling->at.seq, &pos), LUM_OK);
        words[i] = (struct word){
            .t = pos.t,
            .who = author_of(look, sibling->at.lno),
            .field = lum_view_name_text(look->view, cell->field),
            .value = sibling->value,
            .is_marked = cell->count > 1 && sibling == shown,
        };
    }
}

static void put_words(struct lum_buf *out, const struct word *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct word *word = &words[i];
        if (i == 0 || word[-1].t != word->t || word[-1].who != word->who) {
            uint64_t minute = (word->t - STORY_FOUNDED_MS) / STORY_MINUTE_MS;
            story_put(out, "  d%u %02u:%02u %s\n", (unsigned)(minute / 1440),
                      (unsigned)(minute / 60 % 24), (unsigned)(minute % 60),
                      story_people[word->who]);
        }
        story_put(out, "    %.*s: ", (int)word->field.len, (const char *)word->field.at);
        put_value(out, word->value);
        story_put(out, "%s\n", word->is_marked ? " *" : "");
    }
}

static void put_record(struct look *look, const struct lum_record *record, struct lum_buf *out)
{
    static const char *const states[] = {
        [LUM_UNMADE] = ", unmade",
        [LUM_ALIVE] = "",
        [LUM_REVIVED] = ", deleted but edited",
        [LUM_DEAD] = ", deleted",
    };
    size_t count = 0;
    for (uint32_t i = 0; i < record->cell_count; i++) {
        count += record->cells[i].count;
    }
    struct word *words = lum_arena_take(&look->arena, count * sizeof(*words));
    assert_non_null(words);
    count = 0;
    for (uint32_t i = 0; i < record->cell_count; i++) {
        take_cell(look, &record->cells[i], words + count);
        count += record->cells[i].count;
    }
    qsort(words, count, sizeof(*words), by_event_and_field);
    story_put(out, "penguins  ");
    put_key(out, record->key);
    story_put(out, "%s\n", states[lum_record_life(record)]);
    put_words(out, words, count);
}

/* ---- a chapter ---- */

struct place {
    uint64_t rno;
    char key[128];
};

static int by_key(const void *x, const void *y)
{
    return strcmp(((const struct place *)x)->key, ((const struct place *)y)->key);
}

/* All penguins, by key. */
static size_t find_all(struct look *look, struct place *places)
{
    struct lum_view_ids ids;
    struct lum_id from = {{0}};
    size_t count = 0;
    uint32_t penguins = 0;
    assert_int_equal(lum_view_name_number(look->view, lum_bytes_of("penguins", 8), &penguins),
                     LUM_OK);
    assert_int_equal(lum_view_ids_open(look->view, LUM_SHELF_COMMON, &from, &ids), LUM_OK);
    for (; ids.is_there; lum_view_ids_next(&ids)) {
        struct lum_record record;
        lum_arena_reset(&look->arena);
        assert_int_equal(lum_view_record(look->view, ids.rno, &look->arena, &record), LUM_OK);
        if (record.collection == penguins) {
            assert_true(count < RECORDS_MAX && record.key.len < sizeof(places->key));
            places[count] = (struct place){.rno = ids.rno};
            memcpy(places[count++].key, record.key.at, record.key.len);
        }
    }
    lum_view_ids_close(&ids);
    qsort(places, count, sizeof(*places), by_key);
    return count;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(x, y);
}

/* What `conflicts` lists, a sorted line each. */
static void put_conflicts(struct site *site, struct lum_buf *out)
{
    static char lines[64][256];
    struct answer answer;
    asker_ask(site, "conflicts", "{\"coll\":\"penguins\"}", &answer);
    assert_int_equal(answer.status, LUM_OK);
    assert_true(answer.row_count <= LUM_COUNT(lines));
    memset(lines, 0, sizeof(lines));
    for (size_t i = 0; i < answer.row_count; i++) {
        const char *row = answer_row(&answer, i);
        const char *key = answer_member(row, "key");
        struct lum_buf line;
        lum_buf_init(&line, sizeof(lines[0]) - 1);
        story_put(&line, "! ");
        put_key(&line, lum_bytes_of(key, strlen(key)));
        if (strcmp(answer_member(row, "kind"), "value") == 0) {
            story_put(&line, ": %s differs\n", answer_member(row, "field"));
        } else {
            assert_string_equal(answer_member(row, "kind"), "deleted-but-edited");
            story_put(&line, ": deleted but edited\n");
        }
        memcpy(lines[i], line.at, line.len);
        lum_buf_fini(&line);
    }
    qsort(lines, answer.row_count, sizeof(lines[0]), by_text);
    for (size_t i = 0; i < answer.row_count; i++) {
        story_put(out, "%s", lines[i]);
    }
    answer_drop(&answer);
}

/* The record's text when it is not what the last chapter told of it. */
static void put_if_new(struct lum_buf *out, struct lum_bytes text, char **before)
{
    if (*before != NULL && strlen(*before) == text.len && memcmp(*before, text.at, text.len) == 0) {
        return;
    }
    lum_buf_put(out, text.at, text.len);
    free(*before);
    *before = malloc(text.len + 1);
    assert_non_null(*before);
    memcpy(*before, text.at, text.len);
    (*before)[text.len] = '\0';
}

void story_tell(struct site halls[STORY_HALLS], unsigned who, const char *title,
                struct lum_buf *out)
{
    static struct place places[RECORDS_MAX];
    struct look look = {.halls = halls};
    struct lum_buf text;
    story_put(out, "== %s\n", title);
    put_conflicts(&halls[who], out);
    assert_int_equal(lum_txn_begin_read(lum_space_log(halls[who].space), &look.log, NULL), LUM_OK);
    assert_int_equal(lum_txn_begin_read(lum_space_view(halls[who].space), &look.view, NULL),
                     LUM_OK);
    lum_arena_init(&look.arena);
    lum_buf_init(&text, RECORD_TEXT_MAX);
    size_t count = find_all(&look, places);
    for (size_t i = 0; i < count; i++) {
        struct lum_record record;
        lum_arena_reset(&look.arena);
        lum_buf_reset(&text);
        assert_int_equal(lum_view_record(look.view, places[i].rno, &look.arena, &record), LUM_OK);
        put_record(&look, &record, &text);
        assert_false(text.broken);
        put_if_new(out, lum_buf_bytes(&text), &told[who][i]);
    }
    lum_buf_fini(&text);
    lum_arena_fini(&look.arena);
    lum_txn_abort(look.view);
    lum_txn_abort(look.log);
}
