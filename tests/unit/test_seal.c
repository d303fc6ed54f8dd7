/* Seals, made and checked, at a boundary and elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack.h"
#include "core/seal.h"
#include "tests/lib/vectors.h"

/* What a row of seal.json claims, owned. */
struct world {
    json_t *file;
    struct lum_sign_key author;
    struct lum_hash log_id;
    struct lum_chain chain;
    struct lum_range range;
};

static int begin(void **state)
{
    struct world *world = lum_alloc_zero(sizeof *world);
    uint8_t seed[32];
    if (world == NULL || lum_crypto_init() != LUM_OK) {
        return -1;
    }
    world->file = vectors_open("seal.json");
    vectors_exact(world->file, "author_seed", seed, sizeof seed);
    lum_sign_key_from_seed(seed, &world->author);
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    json_decref(world->file);
    lum_free(world);
    return 0;
}

static struct lum_seal_claim claim_of(struct world *world, const char *name)
{
    const json_t *row = json_object_get(world->file, name);
    bool is_boundary = json_object_get(row, "leaf") != NULL;
    vectors_exact(row, "log_id", world->log_id.b, sizeof world->log_id.b);
    vectors_exact(row, "h", world->chain.h.b, sizeof world->chain.h.b);
    vectors_exact(row, "epoch", world->chain.epoch, sizeof world->chain.epoch);
    world->chain.seq = (uint64_t)vectors_number(row, "seq");
    world->chain.t = (uint64_t)vectors_number(row, "t");
    lum_range_init(&world->range);
    if (is_boundary) {
        lum_range_add(&world->range, &world->chain.h);
    }
    return (struct lum_seal_claim){
        .log_id = &world->log_id,
        .chain = &world->chain,
        .range = is_boundary ? &world->range : NULL,
    };
}

static void seals_are_signatures_over_the_bytes_of_the_vectors(void **state)
{
    struct world *world = *state;
    static const char *const names[] = {"plain", "boundary"};
    static const size_t lengths[] = {86, 142};
    for (size_t i = 0; i < LUM_COUNT(names); i++) {
        const json_t *row = json_object_get(world->file, names[i]);
        struct lum_seal_claim claim = claim_of(world, names[i]);
        uint8_t message[142];
        struct lum_sig seal;
        struct lum_sig same;
        lum_seal_make(&claim, &world->author, &seal);
        vectors_same(row, "seal", seal.b, sizeof seal.b);
        assert_true(lum_seal_check(&claim, world->author.public, &seal));
        vectors_exact(row, "message", message, lengths[i]);
        lum_sign(&world->author, (struct lum_bytes){message, lengths[i]}, &same);
        assert_memory_equal(same.b, seal.b, sizeof seal.b);
    }
}

static void seals_of_other_claims_do_not_hold(void **state)
{
    struct world *world = *state;
    static const char *const names[][2] = {{"plain", "bad_plain"}, {"boundary", "bad_boundary"}};
    size_t tried = 0;
    for (size_t i = 0; i < LUM_COUNT(names); i++) {
        struct lum_seal_claim claim = claim_of(world, names[i][0]);
        const json_t *rows = vectors_array(world->file, names[i][1]);
        for (size_t k = 0; k < json_array_size(rows); k++, tried++) {
            struct lum_sig seal;
            vectors_exact(json_array_get(rows, k), "seal", seal.b, sizeof seal.b);
            assert_false(lum_seal_check(&claim, world->author.public, &seal));
        }
    }
    assert_int_equal(tried, 9);
}

static void a_plain_seal_says_nothing_of_time_and_epoch(void **state)
{
    struct world *world = *state;
    struct lum_seal_claim claim = claim_of(world, "plain");
    struct lum_sig seal;
    lum_seal_make(&claim, &world->author, &seal);
    world->chain.t++;
    world->chain.epoch[0] ^= 1;
    assert_true(lum_seal_check(&claim, world->author.public, &seal));
    world->chain.seq++;
    assert_false(lum_seal_check(&claim, world->author.public, &seal));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_are_signatures_over_the_bytes_of_the_vectors),
        cmocka_unit_test(seals_of_other_claims_do_not_hold),
        cmocka_unit_test(a_plain_seal_says_nothing_of_time_and_epoch),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
