/*
 * test_damage.c - a whole space on a damaged disk: whatever befalls log.mdb or view.mdb, it is told
 * or without effect, and nothing false is shown.
 *
 * Each case damages one file, and a child opens the space, asks for all records, verifies, writes
 * and closes, twice:
 *
 *   right      nothing was told, and all is as it was
 *   mended     told the first time, right the second: the view was made anew
 *   told       told both times: the log; unit_rescue goes on from there
 *   silent     something else than the truth came without a word          must not happen
 *   crashed    a signal, an assertion                                      must not happen
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "tests/lib/asker.h"
#include "tests/lib/leave.h"

enum {
    PAGE = 4096,
    FILE_MAX = 4 * 1024 * 1024,
    CASES = 240,
    TRUTH_MAX = 65536
};
enum end {
    RIGHT,
    TOLD,
    SILENT,
    CRASHED
};

struct file {
    const char *name;
    uint8_t *sound;
    size_t size;
};

struct fixture {
    struct site site;
    struct file files[2];
    char truth[TRUTH_MAX]; /* the rows of all records */
    uint64_t dice;
};

static uint64_t draw(struct fixture *f, uint64_t below)
{
    f->dice = f->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (f->dice >> 33) % below;
}

/* All records as text; false when that was told not to be possible. */
static bool read_all(struct site *site, char out[TRUTH_MAX])
{
    struct answer got;
    size_t len = 0;
    asker_ask(site, "find", "{\"coll\":\"item\",\"limit\":500}", &got);
    bool is_right = got.status == LUM_OK;
    out[0] = '\0';
    for (size_t i = 0; is_right && i < got.row_count; i++) {
        int more = snprintf(out + len, TRUTH_MAX - len, "%s\n", answer_row(&got, i));
        len += (size_t)more;
        assert_true(more > 0 && len < TRUTH_MAX);
    }
    answer_drop(&got);
    return is_right;
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){.dice = 77, .files = {{.name = "log.mdb"}, {.name = "view.mdb"}}};
    site_prepare(&f->site);
    site_found(&f->site, "Sari");
    for (int i = 0; i < 90; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", i % 60);
        (void)site_put(&f->site, key, "a", key + i / 30 % 2);
    }
    (void)site_settle(&f->site);
    assert_true(read_all(&f->site, f->truth));
    assert_true(strlen(f->truth) > 60 * 20);
    site_close(&f->site);
    for (size_t i = 0; i < 2; i++) {
        f->files[i].sound = malloc(FILE_MAX);
        assert_non_null(f->files[i].sound);
        f->files[i].size = temp_read(&f->site.temp, f->files[i].name, f->files[i].sound, FILE_MAX);
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    free(f->files[0].sound);
    free(f->files[1].sound);
    temp_drop(&f->site.temp);
    return 0;
}

static void damage(struct fixture *f, struct file *file, size_t kind)
{
    const struct temp *temp = &f->site.temp;
    size_t at = draw(f, file->size / PAGE) * PAGE;
    size_t other = draw(f, file->size / PAGE) * PAGE;
    uint8_t kept[PAGE];
    uint8_t bit = (uint8_t)(1U << draw(f, 8));
    if (kind == 0) {
        temp_flip(temp, file->name, draw(f, file->size), bit);
    } else if (kind == 1) {
        temp_flip(temp, file->name, at + draw(f, 64), bit);
    } else if (kind == 2) {
        temp_flip(temp, file->name, draw(f, 2) * PAGE + draw(f, 168), bit);
    } else if (kind == 3) {
        assert_int_equal(truncate(temp_path(temp, file->name), (off_t)draw(f, file->size)), 0);
    } else {
        memcpy(kept, file->sound + at, PAGE);
        for (size_t i = 0; i < PAGE; i++) {
            file->sound[at + i] = kind == 4   ? 0
                                  : kind == 5 ? (uint8_t)draw(f, 256)
                                              : file->sound[other + i];
        }
        temp_write(temp, file->name, file->sound, file->size);
        memcpy(file->sound + at, kept, PAGE);
    }
}

/* ---- the child ---- */

static void on_failure(struct site *site, enum lum_status status)
{
    (void)status;
    lum_space_close(site->space); /* as a command ends */
    leave(TOLD);
}

static void use(struct fixture *f)
{
    static char seen[TRUTH_MAX];
    struct site *site = &f->site;
    struct answer got;
    site->on_failure = on_failure;
    site_open(site);
    bool is_right = read_all(site, seen);
    if (is_right && strcmp(seen, f->truth) != 0) {
        leave(SILENT);
    }
    asker_ask(site, "verify", "{}", &got);
    is_right &= got.status == LUM_OK;
    answer_drop(&got);
    (void)site_put(site, "k1", "a", "k1"); /* as it was */
    (void)site_settle(site);
    site_close(site);
    leave(is_right ? RIGHT : TOLD);
}

static enum end use_in_child(struct fixture *f)
{
    int how = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)alarm(30);
        use(f);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    return WIFEXITED(how) && WEXITSTATUS(how) <= SILENT ? (enum end)WEXITSTATUS(how) : CRASHED;
}

static void damage_is_told_and_nothing_false_is_shown(void **state)
{
    struct fixture *f = *state;
    const char *wanted = getenv("LUM_DAMAGES");
    size_t cases = wanted == NULL ? CASES : (size_t)strtoul(wanted, NULL, 10);
    size_t ends[2][CRASHED + 1] = {{0}};
    size_t mended[2] = {0};
    for (size_t i = 0; i < cases; i++) {
        for (size_t j = 0; j < 2; j++) {
            temp_write(&f->site.temp, f->files[j].name, f->files[j].sound, f->files[j].size);
        }
        damage(f, &f->files[i % 2], i / 2 % 7);
        enum end first = use_in_child(f);
        enum end second = first == RIGHT ? RIGHT : use_in_child(f);
        enum end worst = second > first ? second : first;
        if (first == TOLD && second == RIGHT) {
            mended[i % 2]++;
        } else {
            ends[i % 2][worst]++;
        }
        if (worst > TOLD) {
            print_message("case %zu: %s, kind %zu: %s\n", i, f->files[i % 2].name, i / 2 % 7,
                          worst == SILENT ? "silent" : "crashed");
        }
    }
    for (size_t i = 0; i < 2; i++) {
        print_message("figures: %s damaged %zu times: %zu right, %zu mended, %zu told, %zu silent, "
                      "%zu crashed\n",
                      f->files[i].name, cases / 2, ends[i][RIGHT], mended[i], ends[i][TOLD],
                      ends[i][SILENT], ends[i][CRASHED]);
        assert_int_equal(ends[i][SILENT] + ends[i][CRASHED], 0);
        assert_true(ends[i][RIGHT] < cases / 2);
    }
    assert_int_equal(ends[1][TOLD], 0); /* a view never needs a person */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(damage_is_told_and_nothing_false_is_shown, setup, teardown),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
