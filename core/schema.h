/*
 * schema.h - the tables of both files and the bytes of their keys, on one page.
 *
 * Integers in keys are big-endian, so that LMDB's order is the number's order. lno is a local log
 * number (u32, from 1), rno a local record number (u64, from 1); neither ever leaves the node.
 * Behind every value lies a sum of four bytes, which core/store.c puts there and takes off.
 *
 * log.mdb - what was said. Durable, never derived, never rewritten in meaning.
 *
 *   meta    name                      see LUM_META_*
 *   log     lno u32                   struct lum_log_row, see core/log_i.h
 *   logid   log id, first 16          lno u32
 *   owner   A 32 | shelf u8 | lno u32 empty
 *   tail    lno u32 | seq u64         chain after it 64 | one event as in a run (header, payload)
 *   block   lno u32 | first seq u64   head 81, see core/log_i.h | zstd frame of a run:
 *                                     whole segments, at most LUM_BLOCK_SEGMENTS_MAX
 *   seal    lno u32 | seq u64         signature 64, at every boundary
 *   arrive  arrival u64               lno u32 | first seq u64 | count u32 | arrival hash 32
 *   fork    lno u32                   the other branch, see core/fork.h
 *   note    name                      small hints of upper rooms; nothing depends on them
 *
 * view.mdb - what follows from it. Thrown away and rebuilt at will.
 *
 *   meta     name                     see LUM_VMETA_*
 *   vlog     lno u32                  how far this log has been applied and what it waits for
 *   pos      lno u32 | number u64     48 events a row: h16, t, L, flags, clock; see core/view_i.h
 *   clock    lno u32 | seq u64        clock holders in an event's past, where they change
 *   pin      lno u32 | log8 8         latest pinned seq u64 | lno u32
 *   rid      shelf u8 | record id 16  rno u64
 *   young    the same: ids that have not moved to rid yet, see core/view_ids.c
 *   rec      rno u64                  the merged record, see core/record_row.h
 *   coll     name u32 | rno u64       empty: the records that are shown
 *   name     text                     number u32 (collections and fields share the numbers)
 *   text     number u32               text
 *   hist     lno u32 | seq u64 | rno u64   lno u32 | seq u64 of the event that touched the record
 *                                     before this one; none for the first
 *   feed     number u64               rno u48 for each of 336 changes, see core/view_feed.c
 *   conflict kind u8 | coll u32 | rno u64 | field u32   kind 1: number of different values u32;
 *                                     kind 2, deleted but edited: number of standing drops u32
 *   tree     shelf u8 | bucket u16    bucket hash 32; absent = dirty or never computed
 *   void     lno u32 | seq u64        reason u8 (void) or 0 (pending): listed, without effect
 */
#ifndef LUM_CORE_SCHEMA_H
#define LUM_CORE_SCHEMA_H

enum {
    LUM_LOG_FORMAT = 1,  /* of log.mdb; a higher one in the file is refused */
    LUM_VIEW_FORMAT = 1, /* of view.mdb; any other one in the file means: rebuild */
    LUM_STATE_VERSION = 1,
};

enum lum_log_table {
    LUM_T_META,
    LUM_T_LOG,
    LUM_T_LOGID,
    LUM_T_OWNER,
    LUM_T_TAIL,
    LUM_T_BLOCK,
    LUM_T_SEAL,
    LUM_T_ARRIVE,
    LUM_T_FORK,
    LUM_T_NOTE,
    LUM_LOG_TABLES,
};

enum lum_view_table {
    LUM_V_META,
    LUM_V_VLOG,
    LUM_V_POS,
    LUM_V_CLOCK,
    LUM_V_PIN,
    LUM_V_RID,
    LUM_V_YOUNG,
    LUM_V_REC,
    LUM_V_COLL,
    LUM_V_NAME,
    LUM_V_TEXT,
    LUM_V_HIST,
    LUM_V_FEED,
    LUM_V_CONFLICT,
    LUM_V_TREE,
    LUM_V_VOID,
    LUM_VIEW_TABLES,
};

/* The format number stands under "format" in both files. */
#define LUM_META_SPACE "space"     /* space id 32 */
#define LUM_META_GENESIS "genesis" /* the genesis document, canonical bytes */
#define LUM_META_SECRET "secret"   /* generation u32 | K 32; absent until WELCOME */
#define LUM_META_INVITE "invite"   /* text of a newcomer's invite, until it is welcome */
#define LUM_META_EPOCH "epoch"     /* epoch16 that our next event names */

#define LUM_VMETA_APPLIED "applied" /* arrival reached, u64 and hash 32; newest read, the same */
#define LUM_VMETA_NEXT "next"       /* next rno u64 | next change u64 | next name u32 */
#define LUM_VMETA_FIRST "first"     /* first change u64; none: 1 */
#define LUM_VMETA_RIGHTS "rights"   /* digest 32 of the rights the view was made under */
#define LUM_VMETA_COUNTS "counts"   /* struct lum_view_counts but applied: seven u64 */

#endif
