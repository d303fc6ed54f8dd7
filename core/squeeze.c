/*
 * squeeze.c - the door to zstd (RFC 8878).
 *
 * A packed block is one zstd frame in its shortest dress: no magic number, no content size, no
 * checksum, no dictionary id. Its plain size is declared and its content hashed outside.
 *
 *   00 | window u8 | blocks: header u24 little-endian (last 1 | type 2 | size 21), content
 *
 * The walk over the block headers holds foreign bytes to exactly that form: one frame that ends
 * where the block ends. So zstd never meets a second frame, a skippable one, or one of its old
 * formats, whose decoders nobody reads any more.
 */
#define ZSTD_STATIC_LINKING_ONLY /* formats without magic, and our allocator */
#include "core/squeeze.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "core/limits.h"

enum {
    FRAME_HEADER = 2,
    BLOCK_HEADER = 3,
    BLOCK_TYPE_RLE = 1, /* one byte stands for `size` of them */
};

struct lum_squeezer {
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
};

static void *zstd_alloc(void *opaque, size_t size)
{
    (void)opaque;
    return lum_alloc(size);
}

static void zstd_free(void *opaque, void *memory)
{
    (void)opaque;
    lum_free(memory);
}

static const ZSTD_customMem memory = {zstd_alloc, zstd_free, NULL};

/* A context is made when it is first needed: most readers never meet a packed block, and what
 * unpacks takes 96 KB. NULL when there is no memory. */
static ZSTD_CCtx *packer_of(struct lum_squeezer *squeezer)
{
    if (squeezer->packer != NULL) {
        return squeezer->packer;
    }
    ZSTD_CCtx *packer = ZSTD_createCCtx_advanced(memory);
    bool is_set_up =
        packer != NULL &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(packer, ZSTD_c_format, ZSTD_f_zstd1_magicless)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(packer, ZSTD_c_contentSizeFlag, 0)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(packer, ZSTD_c_checksumFlag, 0)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(packer, ZSTD_c_dictIDFlag, 0));
    if (!is_set_up) {
        (void)ZSTD_freeCCtx(packer);
        packer = NULL;
    }
    squeezer->packer = packer;
    return packer;
}

static ZSTD_DCtx *unpacker_of(struct lum_squeezer *squeezer)
{
    if (squeezer->unpacker != NULL) {
        return squeezer->unpacker;
    }
    ZSTD_DCtx *unpacker = ZSTD_createDCtx_advanced(memory);
    if (unpacker != NULL &&
        ZSTD_isError(ZSTD_DCtx_setParameter(unpacker, ZSTD_d_format, ZSTD_f_zstd1_magicless))) {
        (void)ZSTD_freeDCtx(unpacker);
        unpacker = NULL;
    }
    squeezer->unpacker = unpacker;
    return unpacker;
}

enum lum_status lum_squeezer_open(struct lum_squeezer **out)
{
    struct lum_squeezer *squeezer = lum_alloc_zero(sizeof *squeezer);
    if (squeezer == NULL) {
        return LUM_NO_MEMORY;
    }
    *out = squeezer;
    return LUM_OK;
}

void lum_squeezer_close(struct lum_squeezer *squeezer)
{
    if (squeezer == NULL) {
        return;
    }
    (void)ZSTD_freeCCtx(squeezer->packer);
    (void)ZSTD_freeDCtx(squeezer->unpacker);
    lum_free(squeezer);
}

enum lum_status lum_squeeze(struct lum_squeezer *squeezer, struct lum_bytes plain, int level,
                            struct lum_buf *out)
{
    LUM_ASSERT(plain.len <= LUM_BLOCK_PLAIN_MAX && level >= 1 && level <= ZSTD_maxCLevel());
    size_t bound = ZSTD_compressBound(plain.len);
    ZSTD_CCtx *packer = packer_of(squeezer);
    if (packer == NULL) {
        return LUM_NO_MEMORY;
    }
    uint8_t *end = lum_buf_extend(out, bound);
    if (end == NULL) {
        return lum_buf_status(out);
    }
    (void)ZSTD_CCtx_setParameter(packer, ZSTD_c_compressionLevel, level);
    size_t packed = ZSTD_compress2(packer, end, bound, plain.at, plain.len);
    bool failed = ZSTD_isError(packed);
    out->len -= failed ? bound : bound - packed;
    /* With a bound as large as zstd asks for, nothing but memory can be short. */
    LUM_ASSERT(!failed || ZSTD_getErrorCode(packed) == ZSTD_error_memory_allocation);
    return failed ? LUM_NO_MEMORY : LUM_OK;
}

/* See the head of this file. */
static bool is_one_frame(struct lum_bytes packed)
{
    size_t at = FRAME_HEADER;
    if (packed.len < FRAME_HEADER || packed.at[0] != 0) {
        return false;
    }
    for (;;) {
        if (packed.len - at < BLOCK_HEADER) {
            return false;
        }
        const uint8_t *b = packed.at + at;
        uint32_t header = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16;
        bool is_last = (header & 1) != 0;
        size_t size = (header >> 1 & 3) == BLOCK_TYPE_RLE ? 1 : header >> 3;
        at += BLOCK_HEADER;
        if (size > packed.len - at) {
            return false;
        }
        at += size;
        if (is_last) {
            return at == packed.len;
        }
    }
}

enum lum_status lum_unsqueeze(struct lum_squeezer *squeezer, struct lum_bytes packed,
                              size_t plain_len, struct lum_buf *out)
{
    lum_buf_reset(out);
    if (plain_len > LUM_BLOCK_PLAIN_MAX || !is_one_frame(packed)) {
        return LUM_FAULT;
    }
    ZSTD_DCtx *unpacker = unpacker_of(squeezer);
    if (unpacker == NULL) {
        return LUM_NO_MEMORY;
    }
    uint8_t *plain = lum_buf_extend(out, plain_len);
    if (plain == NULL) {
        return lum_buf_status(out);
    }
    size_t len = ZSTD_decompressDCtx(unpacker, plain, plain_len, packed.at, packed.len);
    if (ZSTD_isError(len) || len != plain_len) {
        lum_buf_reset(out);
        return LUM_FAULT;
    }
    return LUM_OK;
}
