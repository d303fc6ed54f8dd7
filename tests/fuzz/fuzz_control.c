/*
 * fuzz_control.c - control events and genesis documents; the input is read as both.
 *
 * Holds: what is read writes back to the same bytes; a document inside GENESIS is one by itself.
 */
#include "core/control.h"
#include "tests/fuzz/input.h"

static void check_genesis(struct lum_bytes document)
{
    struct lum_genesis genesis;
    struct lum_buf again;
    struct lum_hash id;
    struct lum_hash same;
    uint8_t epoch[16];
    if (!lum_genesis_read(document, &genesis)) {
        return;
    }
    LUM_ASSERT(genesis.founder_count >= 1 && genesis.founder_count <= LUM_FOUNDERS_MAX);
    LUM_ASSERT(genesis.k >= 1 && genesis.k <= genesis.founder_count);
    LUM_ASSERT(genesis.shelf_count >= 2 && genesis.shelf_count <= LUM_SHELVES_MAX);
    LUM_ASSERT(genesis.founded_ms < UINT64_C(1) << LUM_TIME_BITS);
    for (uint32_t i = 0; i < genesis.shelf_count; i++) {
        LUM_ASSERT(genesis.shelves[i].index < LUM_SHELVES_MAX && genesis.shelves[i].class <= 1);
        LUM_ASSERT(i == 0 || genesis.shelves[i].index > genesis.shelves[i - 1].index);
        LUM_ASSERT(genesis.shelves[i].name[0] != '\0');
    }
    for (uint32_t i = 1; i < genesis.founder_count; i++) {
        LUM_ASSERT(memcmp(genesis.founders[0].a, genesis.founders[i].a, 32) != 0);
    }
    lum_buf_init(&again, document.len + 64);
    lum_genesis_write(&genesis, &again);
    LUM_ASSERT(lum_bytes_equal(document, lum_buf_bytes(&again)));
    lum_genesis_id(document, &id);
    lum_genesis_id(lum_buf_bytes(&again), &same);
    lum_genesis_epoch(&id, epoch);
    LUM_ASSERT(memcmp(id.b, same.b, 32) == 0 && memcmp(id.b, epoch, 16) == 0);
    lum_buf_fini(&again);
}

static void check_control(struct lum_bytes payload)
{
    struct lum_control control;
    struct lum_genesis genesis;
    struct lum_buf again;
    if (!lum_control_read(payload, &control)) {
        return;
    }
    lum_buf_init(&again, payload.len + 64);
    lum_control_write(&control, &again);
    LUM_ASSERT(lum_bytes_equal(payload, lum_buf_bytes(&again)));
    lum_buf_fini(&again);
    switch (control.op) {
    case LUM_GENESIS:
        LUM_ASSERT(lum_genesis_read(control.document, &genesis));
        break;
    case LUM_INVITE:
        LUM_ASSERT(control.invite.role >= LUM_ROLE_RELAY && control.invite.uses >= 1);
        break;
    case LUM_CANCEL:
        LUM_ASSERT(control.cancel.seq >= 1 && lum_ref_equal(&control.cancel, &control.cancel));
        break;
    case LUM_JOIN:
        LUM_ASSERT(control.join.invite.seq >= 1);
        break;
    case LUM_ADMIT:
        LUM_ASSERT(control.admit.role >= LUM_ROLE_RELAY && control.admit.join.seq >= 1);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    struct lum_bytes bytes = input_rest(&in);
    check_genesis(bytes);
    check_control(bytes);
    return 0;
}
