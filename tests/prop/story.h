/*
 * story.h - what a hall holds, as the text of tests/story/expected.txt.
 */
#ifndef LUM_TESTS_PROP_STORY_H
#define LUM_TESTS_PROP_STORY_H

#include "tests/lib/site.h"

enum {
    STORY_HALLS = 3,
    STORY_MINUTE_MS = 60000,
};
#define STORY_FOUNDED_MS UINT64_C(1830297600000) /* 2028-01-01 */

extern const char *const story_people[STORY_HALLS];

void story_put(struct lum_buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds a chapter: the conflicts that hall `who` lists, and each record that is not as the last
 * chapter told it. */
void story_tell(struct site halls[STORY_HALLS], unsigned who, const char *title,
                struct lum_buf *out);
/* A new story begins. */
void story_forget(void);

#endif
