/*
 * fork.h - a log that says two things at one position, and the proof that it does.
 *
 *   ... e(p) | e(p+1) e(p+2) ... sealed        what we hold
 *            | f(p+1) f(p+2) ... sealed        the other branch: kept as it is proved
 *
 * p is the fork point, the last event both have. The log freezes there: what follows it is without
 * effect, and the log grows no more. The other branch is kept and passed on as a piece like any
 * other, so that whoever holds events after p finds the fork by taking it in. A fork that begins
 * earlier takes the place of a later one.
 *
 * Row of the table `fork`: first u64 | last u64 | number of seals u8 | seals 64 each | the run, not
 * packed.
 */
#ifndef LUM_CORE_FORK_H
#define LUM_CORE_FORK_H

#include "core/log.h"

/*
 * Freezes *row at branch->first - 1, where the chain is `point`, keeps the branch (which was
 * checked from there) and writes the row back.
 */
LUM_MUST_USE enum lum_status lum_fork_put(struct lum_txn *txn, struct lum_log_row *row,
                                          const struct lum_chain *point,
                                          const struct lum_log_piece *branch);
/* The branch kept for a log: bytes stand as long as the transaction. NOT_FOUND when it did not
 * fork; CORRUPT when the row does not read. */
LUM_MUST_USE enum lum_status lum_fork_get(struct lum_txn *txn, uint32_t lno,
                                          struct lum_log_piece *out);
/* Does the branch prove what the row says? It begins at the fork point, differs from ours in its
 * first event, and its seals hold. *what (a literal) says what does not hold, or is NULL. */
LUM_MUST_USE enum lum_status lum_fork_check(struct lum_log_reader *reader, struct lum_txn *txn,
                                            const struct lum_log_row *row, const char **what);

#endif
