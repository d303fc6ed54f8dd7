/*
 * uv_memory.h - libuv's memory comes from core/mem.c.
 *
 * libuv 1.44 ends the process when the list of what it watches finds no room to grow. That list is
 * all it ever reallocates; so where memory ends, this gives it room that was set aside, and the
 * node lives on: whatever else libuv asks for then fails, and is told.
 */
#ifndef LUM_NET_UV_MEMORY_H
#define LUM_NET_UV_MEMORY_H

/* Before any other call of libuv; again is harmless. */
void lum_uv_memory_use(void);

#endif
