/* command.c - see command.h. */
#include "cli/command.h"

#include <string.h>

#include "net/host.h"

enum {
    WORD_MAX = 32,
    NEAR = 2, /* letters that may be wrong */
};

const struct lum_command *lum_command_find(const struct lum_run *run, const char *name)
{
    for (size_t i = 0; i < run->command_count; i++) {
        if (strcmp(run->commands[i].name, name) == 0) {
            return &run->commands[i];
        }
    }
    return NULL;
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t smaller = a < b ? a : b;

    return smaller < c ? smaller : c;
}

/* Levenshtein distance, of words of at most WORD_MAX letters. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t len = strlen(b);

    if (len > WORD_MAX || strlen(a) > WORD_MAX) {
        return WORD_MAX;
    }
    for (size_t k = 0; k <= len; k++) {
        row[k] = k;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < len; k++) {
            size_t above = row[k + 1];
            row[k + 1] = least(row[k] + 1, above + 1, corner + (a[i] == b[k] ? 0 : 1));
            corner = above;
        }
    }
    return row[len];
}

const char *lum_command_nearest(const struct lum_run *run, const char *name)
{
    const char *nearest = "";
    size_t best = NEAR + 1;

    for (size_t i = 0; i < run->command_count; i++) {
        size_t far = distance(name, run->commands[i].name);
        if (far < best) {
            best = far;
            nearest = run->commands[i].name;
        }
    }
    return nearest;
}

struct lum_client_options lum_command_client(const struct lum_run *run)
{
    return (struct lum_client_options){.dir = run->options.dir, .stop = run->stop};
}

enum lum_status lum_command_open(struct lum_run *run, struct lum_error *err)
{
    struct lum_client_options options = lum_command_client(run);

    return run->client != NULL ? LUM_OK : lum_client_open(&options, &run->client, err);
}

uint64_t lum_command_now_us(void)
{
    const struct lum_env *env = lum_host_env();

    return env->mono_us(env->self);
}
