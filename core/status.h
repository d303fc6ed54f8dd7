/*
 * status.h - what went wrong, told so that a person can be helped.
 *
 * Core knows no language. A failure names a cause and up to two particulars (a path, a field, a
 * number); cli/text.c holds, for each cause, what happened, why and what to do, in Indonesian and
 * English. `--json` carries the cause's name, so scripts need not read sentences.
 */
#ifndef LUM_CORE_STATUS_H
#define LUM_CORE_STATUS_H

#include "core/lum.h"

/* cause, status it goes with. {1} and {2} in the texts are the two particulars. */
#define LUM_CAUSES(X)                                                                              \
    X(none, OK)                                                                                    \
    X(no_memory, NO_MEMORY)                                                                        \
    X(disk_full, FULL)             /* {1} path */                                                  \
    X(disk_error, IO)              /* {1} path, {2} system's words */                              \
    X(disk_sync_failed, IO)        /* {1} path: durability is lost, the process must end */        \
    X(no_permission, DENIED)       /* {1} path */                                                  \
    X(read_only, DENIED)           /* {1} path */                                                  \
    X(folder_not_ours, DENIED)     /* {1} path, {2} reason: owner or mode */                       \
    X(no_store, NOT_FOUND)         /* {1} path */                                                  \
    X(store_exists, EXISTS)        /* {1} path */                                                  \
    X(store_locked, BUSY)          /* {1} path, {2} process id */                                  \
    X(store_newer, NEWER)          /* {1} file, {2} its format number */                           \
    X(store_damaged, CORRUPT)      /* {1} file, {2} what does not hold */                          \
    X(store_not_ours, CORRUPT)     /* {1} file: not a Lumbung file at all */                       \
    X(backup_damaged, CORRUPT)     /* {1} file, {2} what does not hold */                          \
    X(file_exists, EXISTS)         /* {1} path: not ours to replace */                             \
    X(map_full, FULL)              /* {1} file */                                                  \
    X(clock_before_build, INVALID) /* {1} the clock's date */                                      \
    X(bad_name, INVALID)           /* {1} the text */                                              \
    X(bad_collection, INVALID)     /* {1} the text */                                              \
    X(bad_field, INVALID)          /* {1} the text, {2} why */                                     \
    X(bad_value, INVALID)          /* {1} field, {2} why */                                        \
    X(bad_key, INVALID)            /* {1} the text, {2} why */                                     \
    X(bad_id, INVALID)             /* {1} the text */                                              \
    X(ambiguous_id, INVALID)       /* {1} the text, {2} how many it fits */                        \
    X(bad_where, INVALID)          /* {1} column, {2} what was expected */                         \
    X(bad_request, INVALID)        /* {1} what */                                                  \
    X(bad_usage, INVALID)          /* {1} what */                                                  \
    X(bad_row, INVALID)            /* {1} file:row:column, {2} what */                             \
    X(bad_json, INVALID)           /* {1} file:row:column, {2} what */                             \
    X(bad_encoding, INVALID)       /* {1} file:row:column */                                       \
    X(duplicate_key, INVALID)      /* {1} file:row, {2} the row with the same key */               \
    X(line_too_long, LIMIT)        /* {1} file:row */                                              \
    X(too_many_fields, LIMIT)      /* {1} file:row */                                              \
    X(value_too_long, LIMIT)       /* {1} field */                                                 \
    X(event_too_big, LIMIT)        /* {1} bytes */                                                 \
    X(too_many_logs, LIMIT)        /* {1} path, {2} logs: nobody takes one more of a device */     \
    X(no_file, NOT_FOUND)          /* {1} path */                                                  \
    X(no_record, NOT_FOUND)        /* {1} COLL/ID */                                               \
    X(record_deleted, INVALID)     /* {1} COLL/ID */                                               \
    X(record_not_deleted, INVALID) /* {1} COLL/ID */                                               \
    X(no_conflict, NOT_FOUND)      /* {1} COLL/ID or field */                                      \
    X(conflict_moved, INVALID)     /* {1} COLL/ID, {2} field: changed since it was shown */        \
    X(no_member, NOT_FOUND)        /* {1} the text */                                              \
    X(no_right, DENIED)            /* {1} what, {2} the role needed */                             \
    X(bad_invite, INVALID)         /* {1} why */                                                   \
    X(invite_used, DENIED)         /* {1} */                                                       \
    X(bad_address, INVALID)        /* {1} the text */                                              \
    X(no_address, INVALID)         /* nobody known to meet */                                      \
    X(unreachable, UNREACHABLE)    /* {1} address, {2} system's words */                           \
    X(no_answer, UNREACHABLE)      /* {1} address: silence; wrong space, or not Lumbung */         \
    X(meeting_broke, UNREACHABLE)  /* {1} address, {2} what broke */                               \
    X(no_room, UNREACHABLE)        /* {1} address: the disk there is full */                       \
    X(meeting_fault, FAULT)        /* {1} address, {2} fault's name */                             \
    X(not_confirmed, DENIED)       /* {1} address: gov alone is shown, to us or by us */           \
    X(address_in_use, BUSY)        /* {1} address */                                               \
    X(node_needed, UNREACHABLE)    /* {1} what */                                                  \
    X(node_gone, IO)               /* the running node closed the line */                          \
    X(node_running, BUSY)          /* {1} what cannot be done while it runs */                     \
    X(interrupted, STOPPED)        /* {1} how far, {2} how to go on */                             \
    X(foreign_bytes, FAULT)        /* {1} where, {2} fault's name */

enum lum_cause {
#define X(name, status) LUM_CAUSE_##name,
    LUM_CAUSES(X)
#undef X
};

struct lum_error {
    enum lum_cause cause;
    char one[256]; /* {1}, cut to fit at a UTF-8 boundary */
    char two[256]; /* {2} */
};

/*
 * Fills err (which may be NULL) and returns the status that goes with the cause, so that a failing
 * function ends in one line: return lum_fail(err, LUM_CAUSE_no_record, id, NULL);
 */
LUM_MUST_USE enum lum_status lum_fail(struct lum_error *err, enum lum_cause cause, const char *one,
                                      const char *two);
/* The same with a number as {2}. */
LUM_MUST_USE enum lum_status lum_fail_number(struct lum_error *err, enum lum_cause cause,
                                             const char *one, uint64_t two);

const char *lum_status_name(enum lum_status status);  /* "NOT_FOUND" */
const char *lum_status_words(enum lum_status status); /* "not found" */
const char *lum_fault_name(enum lum_fault fault);     /* "payload-hash" */
const char *lum_cause_name(enum lum_cause cause);     /* "no_record" */
enum lum_status lum_cause_status(enum lum_cause cause);

#endif
