/*
 * batches.h - rows that were read and checked, until they are written, as requests carry them.
 *
 * The newest batch stands in memory, those before it in a file without a name (cli/spool.h): a
 * small file of rows never touches the disk, a large one takes the memory of one batch.
 */
#ifndef LUM_CLI_BATCHES_H
#define LUM_CLI_BATCHES_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

enum {
    LUM_BATCH_ROWS = 4096,
    LUM_BATCH_BYTES = 4 * 1024 * 1024,
};

struct lum_batches {
    struct lum_buf newest;
    uint32_t newest_rows;
    uint64_t rows; /* of all batches */
    int fd;        /* of the file, or -1 */
    uint64_t size; /* of what was put into it */
    uint64_t read; /* of that */
};

void lum_batches_init(struct lum_batches *batches);
void lum_batches_fini(struct lum_batches *batches);
/* An empty key is left out. A row takes far less than LUM_BATCH_BYTES. NO_MEMORY, or what
 * lum_spool_scratch and lum_spool_append give. */
LUM_MUST_USE enum lum_status lum_batches_add(struct lum_batches *batches, struct lum_bytes key,
                                             struct lum_bytes fields, struct lum_error *err);
/* Puts the next batch, in the order in which they came, in place of what out holds; once each, and
 * nothing is added after the first. NOT_FOUND at the end; NO_MEMORY, IO. */
LUM_MUST_USE enum lum_status lum_batches_next(struct lum_batches *batches, struct lum_buf *out,
                                              uint64_t *rows, struct lum_error *err);

#endif
