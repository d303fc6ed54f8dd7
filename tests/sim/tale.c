/*
 * tale.c - the story of a seed, its hash, and the marks; see sim.h.
 */
#define _XOPEN_SOURCE 700 /* open_memstream */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/sim.h"

void sim_tale_open(struct sim_tale *tale, uint64_t *marks)
{
    tale->marks = marks;
    tale->out = open_memstream(&tale->text, &tale->len);
    assert_non_null(tale->out);
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

void sim_hash(struct sim *sim, const void *at, size_t len)
{
    lum_plain_hash_add(&sim->tale.hasher, at, len);
}

void sim_say(struct sim *sim, const char *format, ...)
{
    char line[256];
    uint64_t ms = sim->net == NULL ? 0 : link_now(sim->net) - 1000000;
    int len =
        snprintf(line, sizeof line, "day %3u %02u:%02u:%02u.%03u  ", (unsigned)(ms / SIM_DAY_MS),
                 (unsigned)(ms / 3600000 % 24), (unsigned)(ms / 60000 % 60),
                 (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000));
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line + len, sizeof line - (size_t)len, format, args);
    va_end(args);
    (void)fprintf(sim->tale.out, "%s\n", line);
    sim_hash(sim, line, strlen(line));
}

void sim_tell(struct sim *sim, FILE *out)
{
    if (sim->tale.out != NULL) {
        (void)fflush(sim->tale.out);
        (void)fwrite(sim->tale.text, 1, sim->tale.len, out);
    }
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

const char *sim_text(const char *stem, uint32_t number)
{
    static char texts[8][48];
    static size_t turn;
    char *text = texts[turn++ % LUM_COUNT(texts)];
    (void)snprintf(text, sizeof texts[0], "%s%u", stem, (unsigned)number);
    return text;
}
