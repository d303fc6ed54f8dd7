/* test_machine.c - the phases of a session: every edge, every message, as the drawing says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sync/machine.h"
#include "sync/message.h"

/* The edges of the drawing, once more by hand. */
static const enum lum_phase edges[][2] = {
    {LUM_PHASE_HELLO, LUM_PHASE_OPEN},       {LUM_PHASE_HELLO, LUM_PHASE_PROVING},
    {LUM_PHASE_PROVING, LUM_PHASE_JOINING},  {LUM_PHASE_PROVING, LUM_PHASE_ASKING},
    {LUM_PHASE_JOINING, LUM_PHASE_ASKING},   {LUM_PHASE_ASKING, LUM_PHASE_OPEN},
    {LUM_PHASE_OFFERING, LUM_PHASE_HOSTING}, {LUM_PHASE_HOSTING, LUM_PHASE_OPEN},
    {LUM_PHASE_HELLO, LUM_PHASE_ENDING},     {LUM_PHASE_PROVING, LUM_PHASE_ENDING},
    {LUM_PHASE_JOINING, LUM_PHASE_ENDING},   {LUM_PHASE_ASKING, LUM_PHASE_ENDING},
    {LUM_PHASE_OFFERING, LUM_PHASE_ENDING},  {LUM_PHASE_HOSTING, LUM_PHASE_ENDING},
    {LUM_PHASE_OPEN, LUM_PHASE_ENDING},
};

static void every_edge_of_the_drawing_can_be_gone(void **state)
{
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(edges); i++) {
        enum lum_phase phase = edges[i][0];
        lum_machine_move(&phase, edges[i][1]);
        assert_int_equal(phase, edges[i][1]);
    }
}

static void no_other_edge_is_there(void **state)
{
    (void)state;
    size_t count = 0;
    for (int from = 0; from < LUM_PHASES; from++) {
        for (int to = 0; to < LUM_PHASES; to++) {
            count += lum_machine_may_move((enum lum_phase)from, (enum lum_phase)to) ? 1 : 0;
        }
    }
    assert_int_equal(count, LUM_COUNT(edges));
}

static void who_is_not_known_is_only_heard_to_say_who_it_is(void **state)
{
    (void)state;
    static const enum lum_phase early[] = {LUM_PHASE_HELLO, LUM_PHASE_OFFERING};
    for (size_t i = 0; i < LUM_COUNT(early); i++) {
        for (unsigned type = 0; type < 256; type++) {
            bool hears = type == LUM_MESSAGE_AUTH || type == LUM_MESSAGE_BYE;
            assert_int_equal(lum_machine_hears(early[i], (uint8_t)type), hears);
        }
    }
}

static void auth_and_first_contact_come_once_and_early(void **state)
{
    (void)state;
    for (int at = 0; at < LUM_PHASES; at++) {
        enum lum_phase phase = (enum lum_phase)at;
        assert_int_equal(lum_machine_hears(phase, LUM_MESSAGE_AUTH),
                         phase == LUM_PHASE_HELLO || phase == LUM_PHASE_OFFERING);
        assert_int_equal(lum_machine_hears(phase, LUM_MESSAGE_GENESIS),
                         phase == LUM_PHASE_PROVING || phase == LUM_PHASE_JOINING);
        assert_int_equal(lum_machine_hears(phase, LUM_MESSAGE_WELCOME), phase == LUM_PHASE_ASKING);
    }
}

static void reserved_and_unknown_numbers_are_never_heard(void **state)
{
    (void)state;
    static const uint8_t numbers[] = {0, 5, 12, 13, 14, 18, 31, 32, 64, 255};
    for (int phase = 0; phase < LUM_PHASES; phase++) {
        for (size_t i = 0; i < LUM_COUNT(numbers); i++) {
            assert_false(lum_machine_hears((enum lum_phase)phase, numbers[i]));
        }
    }
}

static void every_phase_has_a_name(void **state)
{
    (void)state;
    for (int a = 0; a < LUM_PHASES; a++) {
        assert_non_null(lum_machine_name((enum lum_phase)a));
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(lum_machine_name((enum lum_phase)a),
                                    lum_machine_name((enum lum_phase)b));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_edge_of_the_drawing_can_be_gone),
        cmocka_unit_test(no_other_edge_is_there),
        cmocka_unit_test(who_is_not_known_is_only_heard_to_say_who_it_is),
        cmocka_unit_test(auth_and_first_contact_come_once_and_early),
        cmocka_unit_test(reserved_and_unknown_numbers_are_never_heard),
        cmocka_unit_test(every_phase_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
