/* answer.c - see answer.h. */
#include "cli/answer.h"

#include <string.h>

#include "cli/map.h"
#include "core/limits.h"
#include "net/frame.h"
#include "net/reply.h"

enum lum_cause lum_answer_cause(struct lum_bytes name)
{
    static const enum lum_cause causes[] = {
#define X(name, status) LUM_CAUSE_##name,
        LUM_CAUSES(X)
#undef X
    };

    for (size_t i = 0; i < LUM_COUNT(causes); i++) {
        const char *known = lum_cause_name(causes[i]);
        if (lum_bytes_equal(name, lum_bytes_of(known, strlen(known)))) {
            return causes[i];
        }
    }
    return LUM_CAUSE_none;
}

static void copy_text(struct lum_bytes text, char *out, size_t room)
{
    size_t len = text.len < room - 1 ? text.len : room - 1;

    if (len > 0) {
        memcpy(out, text.at, len);
    }
    out[len] = '\0';
}

static void hear_error(struct lum_hearing *hearing, struct lum_bytes map)
{
    struct lum_error *error = &hearing->error;

    error->cause = lum_answer_cause(lum_map_text(map, "code"));
    copy_text(lum_map_text(map, "one"), error->one, sizeof(error->one));
    copy_text(lum_map_text(map, "two"), error->two, sizeof(error->two));
    hearing->status = lum_cause_status(error->cause);
    if (hearing->status == LUM_OK) {
        hearing->status = LUM_IO; /* a cause that this version does not know */
    }
    hearing->has_ended = true;
}

static void hear_progress(struct lum_hearing *hearing, struct lum_bytes body)
{
    struct lum_cur cur = lum_cur_over(body);
    uint64_t done = lum_cur_uint(&cur, INT64_MAX);
    uint64_t total = lum_cur_uint(&cur, INT64_MAX);

    if (hearing->answer->progress != NULL && cur.fault == LUM_FAULT_NONE) {
        hearing->answer->progress(hearing->answer->self, done, total);
    }
}

static void hear_frame(struct lum_hearing *hearing, const struct lum_frame *frame)
{
    const struct lum_answer *answer = hearing->answer;

    if (lum_pack_check(frame->body) != LUM_FAULT_NONE && frame->type != LUM_FRAME_PROGRESS) {
        hearing->status = lum_fail(&hearing->error, LUM_CAUSE_node_gone, NULL, NULL);
        hearing->has_ended = true;
    } else if (frame->type == LUM_FRAME_ROW && answer->row != NULL) {
        hearing->status = answer->row(answer->self, frame->body, &hearing->error);
    } else if (frame->type == LUM_FRAME_PROGRESS) {
        hear_progress(hearing, frame->body);
    } else if (frame->type == LUM_FRAME_DONE) {
        hearing->has_ended = true;
        if (answer->done != NULL) {
            hearing->status = answer->done(answer->self, frame->body, &hearing->error);
        }
    } else if (frame->type == LUM_FRAME_ERROR) {
        hear_error(hearing, frame->body);
    }
}

/* Takes every whole frame from the front of the buffer. */
void lum_answer_hear(struct lum_hearing *hearing, struct lum_buf *frames)
{
    size_t at = 0;
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;

    while (hearing->status == LUM_OK && !hearing->has_ended &&
           lum_frame_peek(lum_bytes_of(frames->at + at, frames->len - at), LUM_REQUEST_MAX,
                          &frame, &fault) == LUM_OK) {
        hear_frame(hearing, &frame);
        at += frame.size;
    }
    if (fault != LUM_FAULT_NONE && hearing->status == LUM_OK) {
        hearing->status = lum_fail(&hearing->error, LUM_CAUSE_node_gone, NULL, NULL);
    }
    lum_buf_drop(frames, at);
}

enum lum_status lum_answer_end(const struct lum_hearing *hearing, struct lum_error *err)
{
    if (hearing->status != LUM_OK && err != NULL) {
        *err = hearing->error;
    }
    return hearing->status;
}
