/* cmd_help.c - help and version. What help says stands in cli/help.def. */
#include <stdio.h>
#include <string.h>

#include "cli/show.h"

struct help {
    const char *verb;
    struct {
        const char *words; /* that follow the verb */
        const char *line;
        const char *more; /* options, and an example or two */
    } in[LUM_LANGS];
};

static const struct help helps[] = {
#define SAY(words, line, more)                                                                     \
    {                                                                                              \
        words, line, more                                                                          \
    }
#define HELP(verb, english, indonesian)                                                            \
    {verb, {[LUM_LANG_EN] = english, [LUM_LANG_ID] = indonesian}},
#include "cli/help.def"
#undef HELP
#undef SAY
};

static void overview(const struct lum_run *run)
{
    enum lum_lang lang = run->print.lang;

    fprintf(run->print.out, "%s\n\n", lum_text_plain(lang, LUM_TEXT_help_title));
    for (size_t i = 0; i < LUM_COUNT(helps); i++) {
        if (lum_command_find(run, helps[i].verb) != NULL) {
            fprintf(run->print.out, "  %-10s %s\n", helps[i].verb, helps[i].in[lang].line);
        }
    }
    fprintf(run->print.out, "\n%s\n", lum_text_plain(lang, LUM_TEXT_help_options));
}

static void one_verb(const struct lum_run *run, const struct help *help)
{
    enum lum_lang lang = run->print.lang;

    fprintf(run->print.out, "lumbung %s %s\n\n%s\n", help->verb, help->in[lang].words,
            help->in[lang].line);
    if (help->in[lang].more[0] != '\0') {
        fprintf(run->print.out, "\n%s\n", help->in[lang].more);
    }
}

enum lum_status lum_cmd_help(struct lum_run *run, struct lum_error *err)
{
    const char *verb = run->options.word_count > 0 ? run->options.words[0] : NULL;

    if (verb == NULL) {
        overview(run);
        return lum_show_flush(run, err);
    }
    for (size_t i = 0; i < LUM_COUNT(helps); i++) {
        if (strcmp(helps[i].verb, verb) == 0 && lum_command_find(run, verb) != NULL) {
            one_verb(run, &helps[i]);
            return lum_show_flush(run, err);
        }
    }
    return lum_fail(err, LUM_CAUSE_bad_usage, verb, lum_command_nearest(run, verb));
}

enum lum_status lum_cmd_version(struct lum_run *run, struct lum_error *err)
{
    fprintf(run->print.out, run->print.is_json ? "{\"version\":\"%s\"}\n" : "lumbung %s\n",
            LUM_VERSION);
    return lum_show_flush(run, err);
}
