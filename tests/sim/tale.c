/*
 * tale.c - what happened, its hash, and the marks; see sim.h.
 */
#define _XOPEN_SOURCE 700 /* open_memstream */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

enum {
    LINE_ROOM = 512
};

void sim_tale_open(struct sim_tale *tale)
{
    tale->out = open_memstream(&tale->text, &tale->len);
    LUM_ASSERT(tale->out != NULL);
    lum_plain_hash_init(&tale->hasher);
}

void sim_tale_close(struct sim_tale *tale)
{
    if (tale->out != NULL) {
        (void)fclose(tale->out);
        free(tale->text);
        tale->out = NULL;
    }
}

void sim_append(char *text, size_t room, const char *format, ...)
{
    size_t len = strlen(text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + len, room - len, format, args);
    va_end(args);
}

void sim_hash(struct sim *sim, const void *at, size_t len)
{
    lum_plain_hash_add(&sim->tale.hasher, at, len);
}

__attribute__((format(printf, 3, 0))) static void tell(struct sim *sim, const char *mark,
                                                       const char *format, va_list args)
{
    char line[LINE_ROOM];
    int len = snprintf(line, sizeof line, "%s  ", story_time(sim->now_ms));
    (void)vsnprintf(line + len, sizeof line - (size_t)len, format, args);
    (void)fprintf(sim->tale.out, "%s%s\n", mark, line);
    sim_hash(sim, line, strlen(line));
}

void sim_say(struct sim *sim, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(sim, "", format, args);
    va_end(args);
}

void sim_show(struct sim *sim, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    tell(sim, "> ", format, args);
    va_end(args);
}

void sim_die(struct sim *sim, const char *format, ...)
{
    char line[LINE_ROOM];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    (void)fflush(sim->tale.out);
    (void)fwrite(sim->tale.text, 1, sim->tale.len, stdout);
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s\n", story_time(sim->now_ms), line);
    (void)fflush(stderr);
    _Exit(1);
}

const char *sim_mark_name(size_t mark)
{
    static const char *const names[] = {
#define X(name) #name,
        SIM_MARKS(X) SIM_RARE_MARKS(X)
#undef X
    };
    return names[mark];
}
