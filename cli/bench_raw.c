/*
 * bench_raw.c - the machine itself, by the same libraries and nothing of Lumbung's above them: what
 * our own figures are compared with. And the binary: how large it is, what it stands on.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/bench.h"
#include "core/crypto.h"
#include "net/host.h"

enum {
    SAMPLE_US = 200 * 1000, /* that a sample takes at least */
    HASHED = 64 * 1024,
    SIGNED = 136, /* bytes: about what a seal signs */
    VALUE = 200,  /* bytes of a row */
    KEY = 16,
    GETS = 200000,
    COMMITS = 300,
};

/* ---- Ed25519 and BLAKE2b ---- */

double lum_bench_verifies(void)
{
    const uint8_t seed[32] = {1};
    const uint8_t message[SIGNED] = {2};
    struct lum_bytes bytes = lum_bytes_of(message, sizeof(message));
    struct lum_sign_key key;
    struct lum_sig sig;
    uint64_t begun_us;
    uint64_t count = 0;

    lum_sign_key_from_seed(seed, &key);
    lum_sign(&key, bytes, &sig);
    begun_us = lum_command_now_us();
    while (lum_command_now_us() - begun_us < SAMPLE_US) {
        bool holds = lum_sign_check(key.public, bytes, &sig);
        LUM_ASSERT(holds);
        count++;
    }
    return (double)count / lum_bench_since(begun_us);
}

static enum lum_status measure_verify(struct lum_bench *bench, struct lum_error *err)
{
    struct lum_bench_samples samples = {.count = 0};

    (void)err;
    for (int run = 0; run < LUM_BENCH_RUNS; run++) {
        lum_bench_add(&samples, lum_bench_verifies());
    }
    lum_bench_tell(bench, LUM_FIGURE_raw_verify, &samples);
    return LUM_OK;
}

static enum lum_status measure_hash(struct lum_bench *bench, struct lum_error *err)
{
    struct lum_bench_samples samples = {.count = 0};
    uint8_t *bytes = lum_alloc_zero(HASHED);
    struct lum_hash hash;

    if (bytes == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    for (int run = 0; run < LUM_BENCH_RUNS; run++) {
        uint64_t begun_us = lum_command_now_us();
        uint64_t count = 0;
        while (lum_command_now_us() - begun_us < SAMPLE_US) {
            lum_hash32(LUM_LABEL_payload, lum_bytes_of(bytes, HASHED), &hash);
            count++;
        }
        lum_bench_add(&samples, (double)count * HASHED / 1e6 / lum_bench_since(begun_us));
    }
    lum_free(bytes);
    lum_bench_tell(bench, LUM_FIGURE_raw_hash, &samples);
    return LUM_OK;
}

/* ---- LMDB ---- */

static enum lum_status open_raw(struct lum_bench *bench, enum lum_durability durability,
                                struct lum_store **out, struct lum_error *err)
{
    static const char *const tables[] = {"meta", "row"};
    char path[LUM_BENCH_PATH];
    const struct lum_store_options options = {
        .path = lum_bench_path(bench, "raw.mdb", path),
        .durability = durability,
        .format = 1,
        .tables = tables,
        .table_count = LUM_COUNT(tables),
        .create = true,
        .map_bytes = LUM_STORE_MAP_BYTES,
    };
    return lum_store_open(&options, out, err);
}

static void close_raw(struct lum_bench *bench, struct lum_store *store)
{
    lum_store_close(store);
    lum_bench_remove(bench, "raw.mdb");
    lum_bench_remove(bench, "raw.mdb-lock");
}

/* Row i's key: like that of a record, it says nothing of its number. */
static void key_of(uint64_t i, uint8_t out[KEY])
{
    lum_put_u64(out, i * UINT64_C(0x9e3779b97f4a7c15));
    lum_put_u64(out + 8, i);
}

static enum lum_status fill(struct lum_store *store, uint64_t rows, struct lum_error *err)
{
    const uint8_t value[VALUE] = {0};
    struct lum_txn *txn;
    uint8_t key[KEY];
    enum lum_status status = lum_txn_begin_write(store, &txn, err);

    if (status != LUM_OK) {
        return status;
    }
    for (uint64_t i = 0; i < rows && status == LUM_OK; i++) {
        key_of(i, key);
        status = lum_txn_put(txn, 1, lum_bytes_of(key, KEY), lum_bytes_of(value, VALUE));
    }
    if (status != LUM_OK) {
        lum_txn_abort(txn);
        return lum_store_fail(store, status, err);
    }
    return lum_txn_commit(txn, err);
}

static enum lum_status get_many(struct lum_bench *bench, struct lum_store *store, double *rate,
                                struct lum_error *err)
{
    uint64_t begun_us = lum_command_now_us();
    struct lum_bytes value;
    struct lum_txn *txn;
    uint8_t key[KEY];
    enum lum_status status = lum_txn_begin_read(store, &txn, err);

    if (status != LUM_OK) {
        return status;
    }
    for (uint64_t i = 0; i < GETS && status == LUM_OK; i++) {
        key_of(lum_bench_draw(bench, bench->records), key);
        status = lum_txn_get(txn, 1, lum_bytes_of(key, KEY), &value);
    }
    lum_txn_abort(txn);
    *rate = GETS / lum_bench_since(begun_us);
    return status == LUM_OK ? LUM_OK : lum_store_fail(store, status, err);
}

enum lum_status lum_bench_gets(struct lum_bench *bench, struct lum_bench_samples *rates,
                               struct lum_error *err)
{
    struct lum_store *store;
    enum lum_status status = open_raw(bench, LUM_SCRATCH, &store, err);

    if (status != LUM_OK) {
        return status;
    }
    status = fill(store, bench->records, err);
    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        double rate = 0;
        status = get_many(bench, store, &rate, err);
        lum_bench_add(rates, rate);
    }
    close_raw(bench, store);
    return status;
}

static enum lum_status measure_get(struct lum_bench *bench, struct lum_error *err)
{
    struct lum_bench_samples rates = {.count = 0};
    enum lum_status status = lum_bench_gets(bench, &rates, err);

    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_raw_get, &rates);
    }
    return status;
}

static enum lum_status commit_one(struct lum_store *store, uint64_t i, struct lum_error *err)
{
    const uint8_t value[VALUE] = {0};
    struct lum_txn *txn;
    uint8_t key[8];
    enum lum_status status = lum_txn_begin_write(store, &txn, err);

    if (status != LUM_OK) {
        return status;
    }
    lum_put_u64(key, i);
    status = lum_txn_append(txn, 1, lum_bytes_of(key, sizeof(key)), lum_bytes_of(value, VALUE));
    if (status != LUM_OK) {
        lum_txn_abort(txn);
        return lum_store_fail(store, status, err);
    }
    return lum_txn_commit(txn, err);
}

enum lum_status lum_bench_commits(struct lum_bench *bench, uint64_t count, double *rate,
                                  struct lum_error *err)
{
    struct lum_store *store;
    uint64_t begun_us;
    enum lum_status status = open_raw(bench, LUM_DURABLE, &store, err);

    if (status != LUM_OK) {
        return status;
    }
    begun_us = lum_command_now_us();
    for (uint64_t i = 1; i <= count && status == LUM_OK; i++) {
        status = *bench->run->stop != 0 ? LUM_STOPPED : commit_one(store, i, err);
    }
    *rate = (double)count / lum_bench_since(begun_us);
    close_raw(bench, store);
    return status;
}

static enum lum_status measure_commit(struct lum_bench *bench, struct lum_error *err)
{
    struct lum_bench_samples samples = {.count = 0};
    enum lum_status status = LUM_OK;

    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        double rate = 0;
        status = lum_bench_commits(bench, COMMITS, &rate, err);
        lum_bench_add(&samples, rate);
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_raw_commit, &samples);
    }
    return status;
}

enum lum_status lum_bench_raw(struct lum_bench *bench, struct lum_error *err)
{
    lum_bench_part_fn *const parts[] = {measure_verify, measure_hash, measure_get, measure_commit};

    return lum_bench_each(bench, parts, LUM_COUNT(parts), err);
}

/* ---- row 14: the binary ---- */

/* Where the last loaded segment ends in the file: symbols and notes for debuggers lie behind it. */
static uint64_t loaded_bytes(FILE *file)
{
    Elf64_Ehdr head;
    Elf64_Phdr part;
    uint64_t end = 0;

    if (fread(&head, sizeof(head), 1, file) != 1 || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
        head.e_ident[EI_CLASS] != ELFCLASS64) {
        return 0;
    }
    for (Elf64_Half i = 0; i < head.e_phnum; i++) {
        if (fseek(file, (long)(head.e_phoff + (uint64_t)i * head.e_phentsize), SEEK_SET) != 0 ||
            fread(&part, sizeof(part), 1, file) != 1) {
            return 0;
        }
        if (part.p_type == PT_LOAD && part.p_offset + part.p_filesz > end) {
            end = part.p_offset + part.p_filesz;
        }
    }
    return end;
}

/* Shared libraries mapped here; each has one map that begins at its offset 0. */
static uint64_t count_libraries(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4096];
    uint64_t count = 0;

    while (maps != NULL && fgets(line, sizeof(line), maps) != NULL) {
        bool is_first = strstr(line, " 00000000 ") != NULL;
        count += is_first && strstr(line, ".so") != NULL;
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return count;
}

enum lum_status lum_bench_binary(struct lum_bench *bench, struct lum_error *err)
{
    FILE *file = fopen("/proc/self/exe", "rb");
    uint64_t libraries;
    uint64_t bytes;

    if (file == NULL) {
        return lum_host_fail(errno, "/proc/self/exe", err);
    }
    bytes = loaded_bytes(file);
    fclose(file);
    if (bytes > 0) {
        lum_bench_tell_one(bench, LUM_FIGURE_binary_size, (double)bytes);
    }
    libraries = count_libraries();
    lum_bench_tell_one(bench, LUM_FIGURE_libraries, (double)libraries);
    return LUM_OK;
}
