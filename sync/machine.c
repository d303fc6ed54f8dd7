/*
 * machine.c - see machine.h: the tables behind the drawing.
 */
#include "sync/machine.h"

#include "sync/message.h"

#define BIT(n) (UINT32_C(1) << (n))

enum {
    /* What a piece of a log may come with. */
    PIECES = BIT(LUM_MESSAGE_INTRO) | BIT(LUM_MESSAGE_SEG) | BIT(LUM_MESSAGE_TAIL) |
             BIT(LUM_MESSAGE_BUNCH) | BIT(LUM_MESSAGE_PROOF),
    TALK = PIECES | BIT(LUM_MESSAGE_FRONT) | BIT(LUM_MESSAGE_HAVE) | BIT(LUM_MESSAGE_HOLD) |
           BIT(LUM_MESSAGE_ADDRESS) | BIT(LUM_MESSAGE_BYE),
    GOV_COMES = PIECES | BIT(LUM_MESSAGE_GENESIS) | BIT(LUM_MESSAGE_FRONT) | BIT(LUM_MESSAGE_BYE),
};

static const struct {
    const char *name;
    uint32_t edges; /* phases this one may move to */
    uint32_t hears; /* message types */
    bool pushes;
} phases[LUM_PHASES] = {
    [LUM_PHASE_HELLO] = {"hello",
                         BIT(LUM_PHASE_OPEN) | BIT(LUM_PHASE_PROVING) | BIT(LUM_PHASE_ENDING),
                         BIT(LUM_MESSAGE_AUTH) | BIT(LUM_MESSAGE_BYE), false},
    [LUM_PHASE_PROVING] = {"proving",
                           BIT(LUM_PHASE_JOINING) | BIT(LUM_PHASE_ASKING) | BIT(LUM_PHASE_ENDING),
                           GOV_COMES, false},
    [LUM_PHASE_JOINING] = {"joining", BIT(LUM_PHASE_ASKING) | BIT(LUM_PHASE_ENDING), GOV_COMES,
                           false},
    [LUM_PHASE_ASKING] = {"asking", BIT(LUM_PHASE_OPEN) | BIT(LUM_PHASE_ENDING),
                          TALK | BIT(LUM_MESSAGE_WELCOME), true},
    [LUM_PHASE_OFFERING] = {"offering", BIT(LUM_PHASE_HOSTING) | BIT(LUM_PHASE_ENDING),
                            BIT(LUM_MESSAGE_AUTH) | BIT(LUM_MESSAGE_BYE), true},
    [LUM_PHASE_HOSTING] = {"hosting", BIT(LUM_PHASE_OPEN) | BIT(LUM_PHASE_ENDING), TALK, true},
    [LUM_PHASE_OPEN] = {"open", BIT(LUM_PHASE_ENDING), TALK, true},
    [LUM_PHASE_ENDING] = {"ending", 0, 0, false},
};

const char *lum_machine_name(enum lum_phase phase)
{
    LUM_ASSERT(phase < LUM_PHASES);
    return phases[phase].name;
}

bool lum_machine_may_move(enum lum_phase from, enum lum_phase to)
{
    LUM_ASSERT(from < LUM_PHASES && to < LUM_PHASES);
    return (phases[from].edges & BIT(to)) != 0;
}

void lum_machine_move(enum lum_phase *phase, enum lum_phase to)
{
    LUM_ASSERT(lum_machine_may_move(*phase, to));
    *phase = to;
}

bool lum_machine_hears(enum lum_phase phase, uint8_t type)
{
    LUM_ASSERT(phase < LUM_PHASES);
    return type < LUM_MESSAGE_TYPES && (phases[phase].hears & BIT(type)) != 0;
}

bool lum_machine_pushes(enum lum_phase phase)
{
    LUM_ASSERT(phase < LUM_PHASES);
    return phases[phase].pushes;
}
