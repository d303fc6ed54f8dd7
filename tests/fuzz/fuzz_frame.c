/*
 * fuzz_frame.c - frames at the front of a stream.
 *
 *   input = ceiling u32 | stream to the end
 *
 * Holds: a frame that is there is written back to the same bytes; with every byte but the last of
 * it there is none yet; a fault is the same however much follows.
 */
#include "net/frame.h"
#include "tests/fuzz/input.h"

static void check_frame(struct lum_bytes stream, size_t max, const struct lum_frame *frame)
{
    struct lum_buf again;
    struct lum_frame none;
    enum lum_fault fault = LUM_FAULT_NONE;
    LUM_ASSERT(frame->size <= stream.len && frame->body.len <= max);
    lum_buf_init(&again, frame->size);
    lum_frame_put(&again, frame->type, frame->body);
    LUM_ASSERT(lum_bytes_equal(lum_buf_bytes(&again), lum_bytes_of(stream.at, frame->size)));
    lum_buf_fini(&again);
    struct lum_bytes shorter = block_of(lum_bytes_of(stream.at, frame->size - 1));
    LUM_ASSERT(lum_frame_peek(shorter, max, &none, &fault) == LUM_AGAIN);
    block_free(shorter);
}

static void check_fault(struct lum_bytes stream, size_t max, enum lum_fault fault)
{
    struct lum_frame none;
    enum lum_fault same = LUM_FAULT_NONE;
    struct lum_bytes head = block_of(lum_bytes_of(stream.at, stream.len < 5 ? stream.len : 5));
    LUM_ASSERT(fault == LUM_FAULT_NOT_CANONICAL || fault == LUM_FAULT_OVER_LIMIT);
    LUM_ASSERT(lum_frame_peek(head, max, &none, &same) == LUM_FAULT && same == fault);
    block_free(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    size_t max = input_number(&in, 4);
    struct lum_bytes stream = input_rest(&in);
    enum lum_status status = LUM_OK;
    while (status == LUM_OK) {
        struct lum_frame frame;
        enum lum_fault fault = LUM_FAULT_NONE;
        status = lum_frame_peek(stream, max, &frame, &fault);
        LUM_ASSERT((status == LUM_FAULT) == (fault != LUM_FAULT_NONE));
        if (status == LUM_OK) {
            check_frame(stream, max, &frame);
            stream = lum_bytes_of(stream.at + frame.size, stream.len - frame.size);
        } else if (status == LUM_FAULT) {
            check_fault(stream, max, fault);
        }
    }
    return 0;
}
