/*
 * machine.h - the phases of one session: one drawing, one table of allowed edges, one move.
 *
 *             AUTH of the other side holds
 *      UP --> HELLO ------------------------------------------> OPEN ----> ENDING
 *               |                                               ^ ^   BYE said or heard,
 *               |  by invite, we are new                        | |   or a fault; from
 *               +--> PROVING ---> JOINING ---> ASKING ----------+ |   every phase
 *                    genesis and  our JOIN     AUTH and JOIN      |
 *                    gov come in  is written   said; WELCOME      |
 *                                              awaited            |
 *      UP --> OFFERING ------> HOSTING ---------------------------+
 *             by invite, they  AUTH good, their JOIN
 *             are new: genesis awaited; WELCOME said
 *             and gov go out
 *
 * A newcomer that comes again with its JOIN already written goes from PROVING to ASKING.
 */
#ifndef LUM_SYNC_MACHINE_H
#define LUM_SYNC_MACHINE_H

#include "core/lum.h"

enum lum_phase {
    LUM_PHASE_HELLO,    /* AUTH of the other side is awaited */
    LUM_PHASE_PROVING,  /* newcomer: is this the space the invite names, and one of its devices? */
    LUM_PHASE_JOINING,  /* newcomer: our JOIN is being written */
    LUM_PHASE_ASKING,   /* newcomer: waits for WELCOME */
    LUM_PHASE_OFFERING, /* member: shows gov to a newcomer; its AUTH is awaited */
    LUM_PHASE_HOSTING,  /* member: waits for the newcomer's JOIN */
    LUM_PHASE_OPEN,     /* frontiers and pieces, both ways */
    LUM_PHASE_ENDING,   /* nothing is said or heard any more; the line is being closed */
    LUM_PHASES,
};

const char *lum_machine_name(enum lum_phase phase);
/* Is this an edge of the drawing? */
bool lum_machine_may_move(enum lum_phase from, enum lum_phase to);
/* Asserts that it is. */
void lum_machine_move(enum lum_phase *phase, enum lum_phase to);
/* May a message of this type be heard in this phase? Else it is a fault. */
bool lum_machine_hears(enum lum_phase phase, uint8_t type);
/* Phases in which logs travel from us to them. */
bool lum_machine_pushes(enum lum_phase phase);

#endif
