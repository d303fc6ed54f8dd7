/* test_uv_memory.c - libuv without memory: it is refused, and does not end the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "core/mem.h"
#include "net/uv_memory.h"

enum {
    FILES = 200,
};

static void no_memory_for_a_loop_is_told(void **state)
{
    (void)state;
    uv_loop_t loop;
    lum_mem_fail_after(1, true);
    int code = uv_loop_init(&loop);
    lum_mem_fail_after(0, false);
    assert_int_equal(code, UV_ENOMEM);
}

static void never(uv_poll_t *handle, int status, int events)
{
    (void)handle;
    (void)status;
    (void)events;
}

/* The list of what is watched grows seven times meanwhile, without memory; then with it. */
static void a_loop_watches_more_files_without_memory(void **state)
{
    (void)state;
    static uv_poll_t polls[FILES];
    uv_loop_t loop;
    int fds[FILES];
    int codes[FILES];
    assert_int_equal(uv_loop_init(&loop), 0);
    for (size_t i = 0; i < FILES; i++) {
        int both[2];
        assert_int_equal(pipe(both), 0);
        fds[i] = both[0];
        close(both[1]);
    }
    lum_mem_fail_after(1, true);
    for (size_t i = 0; i < FILES; i++) {
        codes[i] = uv_poll_init(&loop, &polls[i], fds[i]);
        codes[i] = codes[i] == 0 ? uv_poll_start(&polls[i], UV_READABLE, never) : codes[i];
    }
    lum_mem_fail_after(0, false);
    for (size_t i = 0; i < FILES; i++) {
        assert_int_equal(codes[i], 0);
        uv_close((uv_handle_t *)&polls[i], NULL);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    for (size_t i = 0; i < FILES; i++) {
        close(fds[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_memory_for_a_loop_is_told),
        cmocka_unit_test(a_loop_watches_more_files_without_memory),
    };
    lum_uv_memory_use();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
