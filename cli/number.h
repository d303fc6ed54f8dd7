/*
 * number.h - numbers as decimal text: the one shortest form of a real, and what a cell may hold.
 *
 * Shortest: with the fewest significant digits, found by trying printf's precisions, that read back
 * as the same value; never with an exponent, however many zeros that takes, since a cell with one
 * is a text. The locale's decimal point is not asked: LC_NUMERIC stays "C" in this program.
 */
#ifndef LUM_CLI_NUMBER_H
#define LUM_CLI_NUMBER_H

#include "core/lum.h"

enum {
    LUM_NUMBER_ROOM = 352, /* -0. and 324 places, or 309 digits and .0 */
};

/* Writes a finite value and gives its length; always with a point, so that it reads back as a
 * real. */
size_t lum_number_real(double value, char out[LUM_NUMBER_ROOM]);

/* Exactly 0 | -?[1-9][0-9]* within int64. */
LUM_MUST_USE bool lum_number_to_int(struct lum_bytes text, int64_t *out);
/* Any -?(0|[1-9][0-9]*)\.[0-9]+ of less than LUM_NUMBER_ROOM bytes: the nearest double,
 * unless it is infinite. */
LUM_MUST_USE bool lum_number_decimal(struct lum_bytes text, double *out);
/* Exactly -?(0|[1-9][0-9]*)\.[0-9]+ in the one shortest form of its value, and not -0.0. */
LUM_MUST_USE bool lum_number_to_real(struct lum_bytes text, double *out);

#endif
