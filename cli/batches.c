/*
 * batches.c - see batches.h.
 *
 * In the file: rows u32 | length u32 | the batch, again and again.
 */
#include "cli/batches.h"

#include <unistd.h>

#include "cli/spool.h"
#include "core/limits.h"
#include "core/pack.h"

enum {
    HEAD = 8,
    KEY_HEAD = 5, /* in front of a text, at most */
};

void lum_batches_init(struct lum_batches *batches)
{
    *batches = (struct lum_batches){.fd = -1};
    lum_buf_init(&batches->newest, LUM_BATCH_BYTES);
}

void lum_batches_fini(struct lum_batches *batches)
{
    lum_buf_fini(&batches->newest);
    if (batches->fd >= 0) {
        close(batches->fd);
    }
    batches->fd = -1;
}

static enum lum_status put_away(struct lum_batches *batches, struct lum_error *err)
{
    struct lum_buf *newest = &batches->newest;
    uint8_t head[HEAD];
    enum lum_status status = LUM_OK;

    lum_put_u32(head, batches->newest_rows);
    lum_put_u32(head + 4, (uint32_t)newest->len);
    if (batches->fd < 0) {
        status = lum_spool_scratch(&batches->fd, err);
    }
    if (status == LUM_OK) {
        status = lum_spool_append(batches->fd, lum_bytes_of(head, HEAD), err);
    }
    if (status == LUM_OK) {
        status = lum_spool_append(batches->fd, lum_buf_bytes(newest), err);
    }
    batches->size += HEAD + newest->len;
    batches->newest_rows = 0;
    lum_buf_reset(newest);
    return status;
}

enum lum_status lum_batches_add(struct lum_batches *batches, struct lum_bytes key,
                                struct lum_bytes fields, struct lum_error *err)
{
    struct lum_buf *newest = &batches->newest;
    size_t len = KEY_HEAD + key.len + fields.len;
    enum lum_status status = LUM_OK;

    LUM_ASSERT(batches->read == 0 && len <= LUM_BATCH_BYTES);
    if (batches->newest_rows == LUM_BATCH_ROWS || newest->len + len > LUM_BATCH_BYTES) {
        status = put_away(batches, err);
    }
    if (key.len > 0) {
        lum_pack_str(newest, key);
    }
    lum_pack_raw(newest, fields);
    batches->newest_rows++;
    batches->rows++;
    if (status == LUM_OK && newest->broken) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    return status;
}

/* Takes the next one out of the file. */
static enum lum_status read_back(struct lum_batches *batches, struct lum_buf *out, uint64_t *rows,
                                 struct lum_error *err)
{
    uint8_t head[HEAD];
    enum lum_status status = lum_spool_read(batches->fd, batches->read, head, HEAD, err);
    uint32_t len = status == LUM_OK ? lum_get_u32(head + 4) : 0;
    uint8_t *to;

    if (status != LUM_OK) {
        return status;
    }
    to = lum_buf_extend(out, len);
    if (to == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    *rows = lum_get_u32(head);
    status = lum_spool_read(batches->fd, batches->read + HEAD, to, len, err);
    batches->read += HEAD + len;
    return status;
}

enum lum_status lum_batches_next(struct lum_batches *batches, struct lum_buf *out, uint64_t *rows,
                                 struct lum_error *err)
{
    lum_buf_reset(out);
    if (batches->read < batches->size) {
        return read_back(batches, out, rows, err);
    }
    if (batches->newest_rows == 0) {
        return LUM_NOT_FOUND;
    }
    lum_buf_put(out, batches->newest.at, batches->newest.len);
    *rows = batches->newest_rows;
    batches->newest_rows = 0;
    return out->broken ? lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL) : LUM_OK;
}
