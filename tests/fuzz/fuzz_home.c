/*
 * fuzz_home.c - the note that says where a store lives.
 *
 *   input = here u8 | the note
 *     here & 7  0  the place the note names     1  another machine      2  another log
 *               3  another seed                 4  a seed of a later time
 *               5  there is no note             6  its files are missing
 *               7  the machine cannot say
 *
 * Holds: only a note that is whole, of this place and without doubt is believed, and that one is
 * written back to the same bytes.
 */
#include "core/home.h"
#include "core/pack.h"
#include "tests/fuzz/input.h"

/* A machine with one small file and the identity of two. */
struct machine {
    uint8_t here;
    struct lum_bytes note;
    struct lum_buf written;
    uint8_t name[32];
    struct lum_file_identity log;
    struct lum_file_identity seed;
};

static enum lum_status file_read(void *self, const char *path, struct lum_buf *out, size_t max,
                                 struct lum_error *err)
{
    const struct machine *machine = self;
    (void)path;
    if ((machine->here & 7) == 5) {
        return LUM_NOT_FOUND;
    }
    if (machine->note.len > max) {
        return lum_fail(err, LUM_CAUSE_store_damaged, path, "too long");
    }
    lum_buf_put(out, machine->note.at, machine->note.len);
    return LUM_OK;
}

static enum lum_status file_write(void *self, const char *path, struct lum_bytes bytes,
                                  struct lum_error *err)
{
    struct machine *machine = self;
    (void)path;
    (void)err;
    lum_buf_reset(&machine->written);
    lum_buf_put(&machine->written, bytes.at, bytes.len);
    return LUM_OK;
}

static enum lum_status file_identity(void *self, const char *path, struct lum_file_identity *out)
{
    const struct machine *machine = self;
    bool is_log = strstr(path, "log.mdb") != NULL;
    uint8_t here = machine->here & 7;
    if (here >= 6) {
        return here == 6 ? LUM_NOT_FOUND : LUM_IO;
    }
    *out = is_log ? machine->log : machine->seed;
    out->inode ^= here == (is_log ? 2 : 3) ? 1 : 0;
    out->ctime_ns ^= here == 4 ? 1 : 0;
    return LUM_OK;
}

static void machine_id(void *self, uint8_t out[32])
{
    const struct machine *machine = self;
    memcpy(out, machine->name, 32);
    out[0] ^= (machine->here & 7) == 1 ? 1 : 0;
}

/* The place a note names, as far as it reads; whether it reads whole. */
static bool place_of(struct machine *machine, struct lum_home *home)
{
    struct lum_cur cur = lum_cur_over(machine->note);
    lum_cur_array_exact(&cur, 7);
    bool is_known = lum_cur_uint(&cur, 1) == 1;
    lum_cur_bin_exact(&cur, machine->name, 32);
    machine->log.inode = lum_cur_uint(&cur, INT64_MAX);
    machine->seed.inode = lum_cur_uint(&cur, INT64_MAX);
    machine->seed.ctime_ns = lum_cur_int(&cur);
    lum_cur_bin_exact(&cur, home->incarnation, 8);
    home->in_doubt = lum_cur_bool(&cur);
    return lum_cur_end(&cur) == LUM_FAULT_NONE && is_known && machine->note.len <= 256;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    struct machine machine = {.here = input_byte(&in)};
    struct lum_home noted = {.in_doubt = true};
    struct lum_home home;
    const struct lum_env env = {
        .self = &machine,
        .file_read = file_read,
        .file_write = file_write,
        .file_identity = file_identity,
        .machine_id = machine_id,
    };
    machine.note = input_rest(&in);
    lum_buf_init(&machine.written, 1024);
    bool is_good = place_of(&machine, &noted) && !noted.in_doubt && (machine.here & 7) == 0;
    enum lum_status status = lum_home_read(&env, "dir", &home, NULL);
    bool is_mute = (machine.here & 7) == 7 && machine.note.len <= 256;
    LUM_ASSERT((status == LUM_OK) == !is_mute);
    LUM_ASSERT(is_mute || home.in_doubt == !is_good);
    if (is_good) {
        LUM_ASSERT(memcmp(home.incarnation, noted.incarnation, 8) == 0);
        LUM_ASSERT(lum_home_write(&env, "dir", &home, NULL) == LUM_OK);
        LUM_ASSERT(lum_bytes_equal(machine.note, lum_buf_bytes(&machine.written)));
    }
    lum_buf_fini(&machine.written);
    return 0;
}
