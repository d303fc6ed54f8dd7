/*
 * store_probe.h - looks at a store's file before LMDB maps it.
 *
 * LMDB trusts its file: a text file in its place is told as an errno at best, and a page past the
 * end of a truncated one ends the process with SIGBUS. So the file is read with pread first.
 */
#ifndef LUM_CORE_STORE_PROBE_H
#define LUM_CORE_STORE_PROBE_H

#include "core/status.h"

/*
 * OK        a file of LMDB's form, and every page that its newest state reaches lies inside it
 * NOT_FOUND there is no file, or an empty one (cause no_store): nothing was ever saved there
 * else      the told error: store_not_ours, store_newer, store_damaged, no_permission, disk_error
 */
LUM_MUST_USE enum lum_status lum_store_probe(const char *path, struct lum_error *err);

#endif
