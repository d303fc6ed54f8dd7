/*
 * home.c - the note `home`: written for a place, compared with a place.
 *
 *   [1, machine id 32, inode of log.mdb, inode of seed.node, ctime ns of seed.node,
 *    incarnation 8, doubt]                                    canonical msgpack; inodes mod 2^63
 */
#include "core/home.h"

#include <stdio.h>
#include <string.h>

#include "core/pack.h"

enum {
    VERSION = 1,
    FIELDS = 7,
    NOTE_MAX = 256,
    PATH_ROOM = 4096,
};

/* What tells this place from every copy of it. */
struct place {
    uint8_t machine[32];
    uint64_t log_inode;
    uint64_t seed_inode;
    int64_t seed_ctime_ns;
};

static enum lum_status join(const char *dir, const char *name, char out[PATH_ROOM],
                            struct lum_error *err)
{
    int len = snprintf(out, PATH_ROOM, "%s/%s", dir, name);
    if (len < 0 || len >= PATH_ROOM) {
        return lum_fail(err, LUM_CAUSE_disk_error, dir, "the path is too long");
    }
    return LUM_OK;
}

static enum lum_status identity_of(const struct lum_env *env, const char *dir, const char *name,
                                   struct lum_file_identity *out, struct lum_error *err)
{
    char path[PATH_ROOM];
    enum lum_status status = join(dir, name, path, err);
    if (status != LUM_OK) {
        return status;
    }
    status = env->file_identity(env->self, path, out);
    if (status == LUM_NOT_FOUND) {
        return lum_fail(err, LUM_CAUSE_no_file, path, NULL);
    }
    return status == LUM_OK
               ? LUM_OK
               : lum_fail(err, LUM_CAUSE_disk_error, path, lum_status_words(status));
}

static enum lum_status place_here(const struct lum_env *env, const char *dir, struct place *out,
                                  struct lum_error *err)
{
    struct lum_file_identity log;
    struct lum_file_identity seed;
    enum lum_status status = identity_of(env, dir, "log.mdb", &log, err);
    if (status == LUM_OK) {
        status = identity_of(env, dir, "seed.node", &seed, err);
    }
    if (status == LUM_OK) {
        env->machine_id(env->self, out->machine);
        out->log_inode = log.inode & INT64_MAX;
        out->seed_inode = seed.inode & INT64_MAX;
        out->seed_ctime_ns = seed.ctime_ns;
    }
    return status;
}

static bool note_parse(struct lum_bytes note, struct place *place, struct lum_home *home)
{
    struct lum_cur cur = lum_cur_over(note);
    lum_cur_array_exact(&cur, FIELDS);
    if (lum_cur_uint(&cur, VERSION) != VERSION) {
        return false;
    }
    lum_cur_bin_exact(&cur, place->machine, sizeof place->machine);
    place->log_inode = lum_cur_uint(&cur, INT64_MAX);
    place->seed_inode = lum_cur_uint(&cur, INT64_MAX);
    place->seed_ctime_ns = lum_cur_int(&cur);
    lum_cur_bin_exact(&cur, home->incarnation, sizeof home->incarnation);
    home->in_doubt = lum_cur_bool(&cur);
    return lum_cur_end(&cur) == LUM_FAULT_NONE;
}

static bool is_same_place(const struct place *a, const struct place *b)
{
    return memcmp(a->machine, b->machine, sizeof a->machine) == 0 &&
           a->log_inode == b->log_inode && a->seed_inode == b->seed_inode &&
           a->seed_ctime_ns == b->seed_ctime_ns;
}

enum lum_status lum_home_read(const struct lum_env *env, const char *dir, struct lum_home *out,
                              struct lum_error *err)
{
    char path[PATH_ROOM];
    struct lum_buf note;
    struct place here = {0};
    struct place noted = {0};
    struct lum_home home = {0};
    enum lum_status status = join(dir, "home", path, err);
    if (status != LUM_OK) {
        return status;
    }
    lum_buf_init(&note, NOTE_MAX);
    status = env->file_read(env->self, path, &note, NOTE_MAX, err);
    bool reads = status == LUM_OK && note_parse(lum_buf_bytes(&note), &noted, &home);
    lum_buf_fini(&note);
    if (status == LUM_OK) {
        status = place_here(env, dir, &here, err);
    }
    if (status != LUM_OK && status != LUM_NOT_FOUND && status != LUM_CORRUPT) {
        return status;
    }
    home.in_doubt = !reads || home.in_doubt || status != LUM_OK || !is_same_place(&here, &noted);
    *out = home;
    return LUM_OK;
}

enum lum_status lum_home_write(const struct lum_env *env, const char *dir,
                               const struct lum_home *home, struct lum_error *err)
{
    char path[PATH_ROOM];
    uint8_t room[NOTE_MAX];
    struct lum_buf note = {.at = room, .room = sizeof room, .max = sizeof room};
    struct place here = {0};
    enum lum_status status = join(dir, "home", path, err);
    if (status == LUM_OK) {
        status = place_here(env, dir, &here, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_pack_array(&note, FIELDS);
    lum_pack_uint(&note, VERSION);
    lum_pack_bin(&note, here.machine, sizeof here.machine);
    lum_pack_uint(&note, here.log_inode);
    lum_pack_uint(&note, here.seed_inode);
    lum_pack_int(&note, here.seed_ctime_ns);
    lum_pack_bin(&note, home->incarnation, sizeof home->incarnation);
    lum_pack_bool(&note, home->in_doubt);
    LUM_ASSERT(!note.broken);
    return env->file_write(env->self, path, lum_buf_bytes(&note), err);
}

enum lum_status lum_home_forget(const struct lum_env *env, const char *dir, struct lum_error *err)
{
    char path[PATH_ROOM];
    enum lum_status status = join(dir, "home", path, err);
    return status == LUM_OK ? env->file_write(env->self, path, (struct lum_bytes){0}, err) : status;
}
