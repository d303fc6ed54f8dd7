/* options.c - see options.h. */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/number.h"
#include "core/mem.h"

enum {
    LONG_BASE = 256, /* values of getopt_long that are no letter */
};

static const struct {
    const char *name;
    char letter;
    bool has_value;
} table[] = {
#define X(option, name, letter, has_value) [LUM_OPTION_##option] = {name, letter, has_value},
    LUM_OPTIONS(X)
#undef X
};
_Static_assert(LUM_OPTION_KINDS <= 32, "the set of options is 32 bits");

/* What getopt_long wants: ":S:qhf:o:" and the long names. */
struct forms {
    char letters[2 * LUM_OPTION_KINDS + 2];
    struct option names[LUM_OPTION_KINDS + 1];
};

static void make_forms(struct forms *forms)
{
    size_t len = 0;

    memset(forms, 0, sizeof(*forms));
    forms->letters[len++] = ':';
    for (int i = 0; i < LUM_OPTION_KINDS; i++) {
        forms->names[i].name = table[i].name;
        forms->names[i].has_arg = table[i].has_value ? required_argument : no_argument;
        forms->names[i].val = LONG_BASE + i;
        if (table[i].letter != '\0') {
            forms->letters[len++] = table[i].letter;
            if (table[i].has_value) {
                forms->letters[len++] = ':';
            }
        }
    }
}

/* The option that getopt_long found, or -1. */
static int option_of(int found)
{
    if (found >= LONG_BASE) {
        return found - LONG_BASE;
    }
    for (int i = 0; i < LUM_OPTION_KINDS; i++) {
        if (table[i].letter != '\0' && table[i].letter == found) {
            return i;
        }
    }
    return -1;
}

/* ---- the folder ---- */

/* -S DIR, $LUMBUNG_DIR, $XDG_DATA_HOME/lumbung, ~/.local/share/lumbung */
static enum lum_status find_dir(struct lum_options *out, struct lum_error *err)
{
    const char *given = out->at[LUM_OPTION_STORE];
    const char *own = getenv("LUMBUNG_DIR");
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    int len;

    if (given != NULL || (own != NULL && own[0] != '\0')) {
        len = snprintf(out->dir, sizeof(out->dir), "%s", given != NULL ? given : own);
    } else if (data != NULL && data[0] == '/') {
        len = snprintf(out->dir, sizeof(out->dir), "%s/lumbung", data);
    } else if (home != NULL && home[0] != '\0') {
        len = snprintf(out->dir, sizeof(out->dir), "%s/.local/share/lumbung", home);
    } else {
        return lum_fail(err, LUM_CAUSE_bad_usage, "-S", NULL);
    }
    if (len <= 0 || (size_t)len >= sizeof(out->dir)) {
        return lum_fail(err, LUM_CAUSE_bad_usage, "-S", NULL);
    }
    while (len > 1 && out->dir[len - 1] == '/') {
        out->dir[--len] = '\0';
    }
    return LUM_OK;
}

/* ---- reading ---- */

static enum lum_status fail_option(char **argv, struct lum_error *err)
{
    char letter[3] = {'-', '\0', '\0'};

    if (optopt > 0 && optopt < LONG_BASE) {
        letter[1] = (char)optopt;
        return lum_fail(err, LUM_CAUSE_bad_usage, letter, NULL);
    }
    return lum_fail(err, LUM_CAUSE_bad_usage, argv[optind - 1], NULL);
}

static enum lum_status read_all(int argc, char **argv, struct lum_options *out,
                                struct lum_error *err)
{
    struct forms forms;
    enum lum_status status = LUM_OK;
    int found;

    make_forms(&forms);
    opterr = 0;
    optind = 1;
    while ((found = getopt_long(argc, argv, forms.letters, forms.names, NULL)) != -1) {
        int option = option_of(found);
        if (option < 0) {
            status = status == LUM_OK ? fail_option(argv, err) : status;
            continue;
        }
        out->given |= UINT32_C(1) << option;
        out->at[option] = table[option].has_value ? optarg : "";
    }
    if (optind < argc) {
        out->verb = argv[optind++];
    }
    out->words = argv + optind;
    out->word_count = argc - optind;
    return status;
}

enum lum_status lum_options_read(int argc, char **argv, struct lum_options *out,
                                 struct lum_error *err)
{
    enum lum_status status;

    memset(out, 0, sizeof(*out));
    status = read_all(argc, argv, out, err);
    if (!lum_text_choose(out->at[LUM_OPTION_LANG], &out->lang) && status == LUM_OK) {
        status = lum_fail(err, LUM_CAUSE_bad_usage, "--lang id|en", NULL);
    }
    return status == LUM_OK ? find_dir(out, err) : status;
}

enum lum_status lum_options_allow(const struct lum_options *options, uint32_t allowed, int min,
                                  int max, struct lum_error *err)
{
    char text[128];

    for (int i = 0; i < LUM_OPTION_KINDS; i++) {
        if ((options->given & ~(allowed | LUM_OPTIONS_ALWAYS) & (UINT32_C(1) << i)) != 0) {
            snprintf(text, sizeof(text), "%.64s --%s", options->verb, table[i].name);
            return lum_fail(err, LUM_CAUSE_bad_usage, text, options->verb);
        }
    }
    if (options->word_count < min) {
        snprintf(text, sizeof(text), "%.64s ...", options->verb);
        return lum_fail(err, LUM_CAUSE_bad_usage, text, options->verb);
    }
    if (max >= 0 && options->word_count > max) {
        return lum_fail(err, LUM_CAUSE_bad_usage, options->words[max], options->verb);
    }
    return LUM_OK;
}

bool lum_options_has(const struct lum_options *options, enum lum_option option)
{
    return options->at[option] != NULL;
}

enum lum_status lum_options_number(const struct lum_options *options, enum lum_option option,
                                   uint64_t otherwise, uint64_t *out, struct lum_error *err)
{
    const char *text = options->at[option];
    char shown[128];
    int64_t number;

    if (text == NULL) {
        *out = otherwise;
        return LUM_OK;
    }
    if (!lum_number_to_int(lum_bytes_of(text, strlen(text)), &number) || number <= 0) {
        snprintf(shown, sizeof(shown), "--%s %.64s", table[option].name, text);
        return lum_fail(err, LUM_CAUSE_bad_usage, shown, options->verb);
    }
    *out = (uint64_t)number;
    return LUM_OK;
}
