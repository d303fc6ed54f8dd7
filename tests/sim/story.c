/*
 * story.c - acts, and their text; see story.h.
 */
#define _XOPEN_SOURCE 700 /* getline */
#include "tests/sim/story.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct arg {
    const char *name;
    int64_t least;
};

struct verb {
    const char *name;
    struct arg args[STORY_ARGS_MAX];
};

#define A0                                                                                         \
    {                                                                                              \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }
#define A1(a, x)                                                                                   \
    {                                                                                              \
        {                                                                                          \
            a, x                                                                                   \
        }                                                                                          \
    }
#define A2(a, x, b, y)                                                                             \
    {                                                                                              \
        {a, x},                                                                                    \
        {                                                                                          \
            b, y                                                                                   \
        }                                                                                          \
    }
#define A3(a, x, b, y, c, z)                                                                       \
    {                                                                                              \
        {a, x}, {b, y},                                                                            \
        {                                                                                          \
            c, z                                                                                   \
        }                                                                                          \
    }
static const struct verb verbs[] = {
#define X(name, ...) {#name, __VA_ARGS__},
    STORY_VERBS(X)
#undef X
};

static const char *const names[] = {
    "Ani",  "Budi", "Citra", "Dewi", "Eko",  "Fitri", "Gede", "Hana", "Indra",
    "Joko", "Kade", "Lina",  "Made", "Nita", "Oka",   "Putu", "Qori", "Rina",
    "Sari", "Tono", "Umar",  "Vina", "Wati", "Xena",  "Yuni", "Zaki",
};

enum {
    NAMES = sizeof names / sizeof names[0],
    TEXTS = 8,
    TEXT_ROOM = 48,
};

static char *next_text(void)
{
    static char texts[TEXTS][TEXT_ROOM];
    static size_t turn;
    return texts[turn++ % TEXTS];
}

const char *story_name(uint32_t machine)
{
    char *text = next_text();
    if (machine < NAMES) {
        (void)snprintf(text, TEXT_ROOM, "%s", names[machine]);
    } else {
        (void)snprintf(text, TEXT_ROOM, "%s%" PRIu32, names[machine % NAMES], machine / NAMES + 1);
    }
    return text;
}

const char *story_time(uint64_t at_ms)
{
    char *text = next_text();
    (void)snprintf(text, TEXT_ROOM, "day %" PRIu64 " %02u:%02u:%02u.%03u", at_ms / STORY_DAY_MS,
                   (unsigned)(at_ms / 3600000 % 24), (unsigned)(at_ms / 60000 % 60),
                   (unsigned)(at_ms / 1000 % 60), (unsigned)(at_ms % 1000));
    return text;
}

const char *story_verb_name(enum story_verb verb)
{
    return verbs[verb].name;
}

const char *story_arg(enum story_verb verb, size_t arg, int64_t *least, bool *is_machine)
{
    const struct arg *row = arg < STORY_ARGS_MAX ? &verbs[verb].args[arg] : NULL;
    if (row == NULL || row->name == NULL) {
        return NULL;
    }
    *least = row->least;
    *is_machine = row->name[0] >= 'A' && row->name[0] <= 'Z';
    return row->name;
}

/* ---- the list ---- */

void story_close(struct story *story)
{
    free(story->acts);
    free(story->head);
    free(story->expected);
    memset(story, 0, sizeof *story);
}

struct story_act *story_add(struct story *story, uint64_t at_ms, uint32_t who, enum story_verb verb)
{
    if (story->count == story->room) {
        story->room = story->room == 0 ? 64 : 2 * story->room;
        story->acts = realloc(story->acts, story->room * sizeof story->acts[0]);
        if (story->acts == NULL) {
            abort();
        }
    }
    struct story_act *act = &story->acts[story->count++];
    *act = (struct story_act){.at_ms = at_ms, .who = who, .verb = verb};
    for (size_t i = 0; i < STORY_ARGS_MAX; i++) {
        act->args[i] = verbs[verb].args[i].least;
    }
    return act;
}

/* By insertion: a plan is nearly in order. */
void story_sort(struct story *story)
{
    for (size_t i = 1; i < story->count; i++) {
        struct story_act act = story->acts[i];
        size_t at = i;
        for (; at > 0 && story->acts[at - 1].at_ms > act.at_ms; at--) {
            story->acts[at] = story->acts[at - 1];
        }
        story->acts[at] = act;
    }
}

void story_copy(const struct story *from, struct story *to)
{
    *to = (struct story){.dice = from->dice, .core = from->core};
    for (size_t i = 0; i < from->count; i++) {
        *story_add(to, 0, 0, STORY_founds) = from->acts[i];
    }
}

/* ---- to text ---- */

/* "WITH" is written "with". */
static void write_name(const char *name, FILE *out)
{
    (void)fputc(' ', out);
    for (; *name != '\0'; name++) {
        (void)fputc(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' : *name, out);
    }
}

static void write_act(const struct story_act *act, FILE *out)
{
    int64_t least = 0;
    bool is_machine = false;
    (void)fprintf(out, "%s  %s %s", story_time(act->at_ms), story_name(act->who),
                  verbs[act->verb].name);
    for (size_t i = 0; story_arg(act->verb, i, &least, &is_machine) != NULL; i++) {
        if (is_machine || act->args[i] != least) {
            write_name(verbs[act->verb].args[i].name, out);
        }
        if (is_machine) {
            (void)fprintf(out, " %s", story_name((uint32_t)act->args[i]));
        } else if (act->args[i] != least) {
            (void)fprintf(out, " %" PRId64, act->args[i]);
        }
    }
    (void)fputc('\n', out);
}

void story_write(const struct story *story, FILE *out)
{
    (void)fputs(story->head == NULL ? "" : story->head, out);
    (void)fprintf(out, "dice %" PRIu64 "\n", story->dice);
    if (story->core != 0) {
        (void)fprintf(out, "core %" PRIu32 "\n", story->core);
    }
    for (size_t i = 0; i < story->count; i++) {
        write_act(&story->acts[i], out);
    }
    if (story->expected != NULL) {
        (void)fputs(story->expected, out);
    }
}

/* ---- from text ---- */

static bool next_word(char **at, const char **out)
{
    *at += strspn(*at, " \t\n");
    if (**at == '\0') {
        return false;
    }
    *out = *at;
    *at += strcspn(*at, " \t\n");
    if (**at != '\0') {
        *(*at)++ = '\0';
    }
    return true;
}

static bool read_number(const char *word, int64_t *out)
{
    char *end = NULL;
    *out = strtoll(word, &end, 10);
    return end != word && *end == '\0';
}

static bool read_machine(const char *word, uint32_t *out)
{
    size_t len = strcspn(word, "0123456789");
    int64_t round = 1;
    if (word[len] != '\0' && (!read_number(word + len, &round) || round < 1)) {
        return false;
    }
    for (uint32_t i = 0; i < NAMES; i++) {
        if (strlen(names[i]) == len && strncmp(names[i], word, len) == 0) {
            *out = (uint32_t)(round - 1) * NAMES + i;
            return true;
        }
    }
    return false;
}

static bool read_clock(const char *word, uint64_t *out)
{
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;
    unsigned ms = 0;
    int got = sscanf(word, "%2u:%2u:%2u.%3u", &hour, &minute, &second, &ms);
    *out = ((hour * UINT64_C(60) + minute) * 60 + second) * 1000 + ms;
    return got >= 2;
}

static bool is_named(const char *name, const char *word)
{
    for (; *name != '\0' && *word != '\0'; name++, word++) {
        if ((*name | 0x20) != *word && *name != *word) {
            return false;
        }
    }
    return *name == *word;
}

static bool read_args(struct story_act *act, char *at)
{
    const char *word = NULL;
    const char *value = NULL;
    while (next_word(&at, &word)) {
        int64_t least = 0;
        bool is_machine = false;
        size_t i = 0;
        const char *name = NULL;
        while ((name = story_arg(act->verb, i, &least, &is_machine)) != NULL &&
               !is_named(name, word)) {
            i++;
        }
        uint32_t machine = 0;
        if (name == NULL || !next_word(&at, &value) ||
            (is_machine ? !read_machine(value, &machine) : !read_number(value, &act->args[i]))) {
            return false;
        }
        act->args[i] = is_machine ? machine : act->args[i];
    }
    return true;
}

/* After the word "day". */
static bool read_act(struct story *story, char *at)
{
    const char *day = NULL;
    const char *clock = NULL;
    const char *who = NULL;
    const char *verb = NULL;
    int64_t days = 0;
    uint64_t ms = 0;
    uint32_t machine = 0;
    bool reads = next_word(&at, &day) && next_word(&at, &clock) && next_word(&at, &who) &&
                 next_word(&at, &verb) && read_number(day, &days) && days >= 0 &&
                 read_clock(clock, &ms) && read_machine(who, &machine);
    for (int i = 0; reads && i < STORY_VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, verb) == 0) {
            return read_args(
                story_add(story, (uint64_t)days * STORY_DAY_MS + ms, machine, (enum story_verb)i),
                at);
        }
    }
    return false;
}

static bool read_line(struct story *story, char *at)
{
    const char *word = NULL;
    const char *value = NULL;
    int64_t number = 0;
    if (!next_word(&at, &word)) {
        return true;
    }
    if (strcmp(word, "day") == 0) {
        return read_act(story, at);
    }
    if (!next_word(&at, &value) || !read_number(value, &number)) {
        return false;
    }
    story->dice = strcmp(word, "dice") == 0 ? (uint64_t)number : story->dice;
    story->core = strcmp(word, "core") == 0 ? (uint32_t)number : story->core;
    return strcmp(word, "dice") == 0 || strcmp(word, "core") == 0;
}

/* Adds a line to a text that grows. */
static void keep_line(char **text, const char *line)
{
    size_t len = *text == NULL ? 0 : strlen(*text);
    *text = realloc(*text, len + strlen(line) + 1);
    if (*text == NULL) {
        abort();
    }
    memcpy(*text + len, line, strlen(line) + 1);
}

unsigned story_read(struct story *story, FILE *in)
{
    char *line = NULL;
    size_t room = 0;
    unsigned number = 0;
    unsigned bad = 0;
    *story = (struct story){.dice = 1};
    while (bad == 0 && getline(&line, &room, in) >= 0) {
        number++;
        if (line[0] == '>') {
            keep_line(&story->expected, line);
        } else if (line[0] == '#') {
            keep_line(&story->head, line);
        } else if (!read_line(story, line)) {
            bad = number;
        }
    }
    free(line);
    story_sort(story);
    return bad;
}
