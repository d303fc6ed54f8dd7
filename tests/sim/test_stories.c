/*
 * test_stories.c - every story of tests/sim/stories goes as it should: it comes to one state, and
 * where it has lines after ">" people see just those.
 *
 *   LUM_STORY=file                 that one alone, its tale told
 *   LUM_STORY=file LUM_STORY_SEE=1 prints the story with the lines that are seen now
 */
#define _XOPEN_SOURCE 700 /* setenv */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/sim/sim.h"

enum {
    STORIES_MAX = 256,
    PATH_ROOM = 512
};

static bool read_story(const char *path, struct story *story)
{
    FILE *in = fopen(path, "r");
    unsigned bad = in == NULL ? 1 : story_read(story, in);
    if (in != NULL) {
        (void)fclose(in);
    }
    if (bad != 0) {
        printf("%s:%u: does not read\n", path, bad);
    }
    return bad == 0;
}

/* The lines of a tale that people see, as a story has them. */
static void keep_seen(const char *tale, FILE *out)
{
    for (const char *at = tale; *at != '\0';) {
        size_t len = strcspn(at, "\n");
        if (len > 2 && at[0] == '>') {
            (void)fprintf(out, "%.*s\n", (int)len, at);
        }
        at += len + (at[len] != '\0');
    }
}

static bool is_as_expected(struct story *story, const struct trial *trial, const char *path)
{
    char *seen = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&seen, &len);
    LUM_ASSERT(out != NULL);
    keep_seen(trial->tale, out);
    (void)fclose(out);
    bool holds = story->expected == NULL || strcmp(story->expected, seen) == 0;
    if (getenv("LUM_STORY_SEE") != NULL) {
        free(story->expected);
        story->expected = seen;
        story_write(story, stdout);
        return true;
    }
    if (!holds) {
        printf("%s: expected\n%sand what is seen is\n%s", path, story->expected, seen);
    }
    free(seen);
    return holds;
}

static bool run(const char *path)
{
    struct story story = {0};
    struct trial trial;
    bool holds = read_story(path, &story);
    if (holds) {
        trial_run(&(struct trial_ask){.story = &story, .wants_tale = true}, &trial);
        if (!trial.holds) {
            printf("%s%s: %s\n", trial.tale, path, trial.why);
        } else if (getenv("LUM_STORY") != NULL && getenv("LUM_STORY_SEE") == NULL) {
            printf("%s", trial.tale);
        }
        holds = trial.holds && is_as_expected(&story, &trial, path);
        trial_close(&trial);
    }
    story_close(&story);
    return holds;
}

static int is_story(const struct dirent *entry)
{
    return strstr(entry->d_name, ".story") != NULL;
}

static bool run_all(const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_story, alphasort);
    bool holds = count > 0;
    for (int i = 0; i < count; i++) {
        char path[PATH_ROOM];
        (void)snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        bool one = run(path);
        printf("%s %s\n", one ? "ok  " : "FAIL", entries[i]->d_name);
        holds = holds && one;
        free(entries[i]);
    }
    free(entries);
    printf("figures: %d stories\n", count);
    return holds;
}

int main(void)
{
    const char *alone = getenv("LUM_STORY");
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    bool holds = alone != NULL ? run(alone) : run_all(LUM_SOURCE_DIR "/tests/sim/stories");
    return holds ? 0 : 1;
}
