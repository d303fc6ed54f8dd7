/* number.c - see number.h. */
#include "cli/number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SURE_DIGITS = 15, /* any decimal of so many digits survives a double (DBL_DIG) */
    DIGITS_MAX = 17,  /* any double survives a decimal of so many */
};

static bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof(a)) == 0;
}

/* Significant digits d.ddd and a decimal exponent. */
struct decimal {
    bool is_negative;
    char digits[DIGITS_MAX + 1];
    int count;
    int exponent;
};

static void shortest_decimal(double value, struct decimal *out)
{
    char text[32]; /* -d.dddde-ddd */
    /* Fewer would give the same digits, unless the number is too small to have so many. */
    int fewest = fabs(value) < DBL_MIN ? 1 : SURE_DIGITS;
    for (int count = fewest; count <= DIGITS_MAX; count++) {
        snprintf(text, sizeof(text), "%.*e", count - 1, value);
        if (same_bits(strtod(text, NULL), value)) {
            break;
        }
    }
    *out = (struct decimal){.is_negative = text[0] == '-'};
    const char *at = text + (out->is_negative ? 1 : 0);
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9') {
            out->digits[out->count++] = *at;
        }
    }
    while (out->count > 1 && out->digits[out->count - 1] == '0') {
        out->count--;
    }
    out->exponent = (int)strtol(at + 1, NULL, 10);
}

/* 1234.5, 0.00012, 500.0: from the highest place down, at least to the tenths. */
static size_t write_plain(const struct decimal *decimal, char *out)
{
    size_t len = 0;
    int first = decimal->exponent < 0 ? 0 : decimal->exponent;
    int last = decimal->exponent - decimal->count + 1;
    last = last > -1 ? -1 : last;
    for (int place = first; place >= last; place--) {
        int digit = decimal->exponent - place;
        bool is_given = digit >= 0 && digit < decimal->count;
        out[len++] = is_given ? decimal->digits[digit] : '0';
        if (place == 0) {
            out[len++] = '.';
        }
    }
    return len;
}

size_t lum_number_real(double value, char out[LUM_NUMBER_ROOM])
{
    struct decimal decimal;
    shortest_decimal(value, &decimal);
    size_t sign = decimal.is_negative ? 1 : 0;
    out[0] = '-';
    return sign + write_plain(&decimal, out + sign);
}

/* How many digits stand at the front. */
static size_t digits_at(struct lum_bytes text)
{
    size_t len = 0;
    while (len < text.len && text.at[len] >= '0' && text.at[len] <= '9') {
        len++;
    }
    return len;
}

bool lum_number_to_int(struct lum_bytes text, int64_t *out)
{
    bool is_negative = text.len > 0 && text.at[0] == '-';
    struct lum_bytes digits = {text.at + (is_negative ? 1 : 0), text.len - (is_negative ? 1 : 0)};
    if (digits.len == 0 || digits.len > 19 || digits_at(digits) != digits.len) {
        return false;
    }
    if (digits.at[0] == '0') {
        *out = 0;
        return digits.len == 1 && !is_negative;
    }
    uint64_t value = 0; /* 19 digits fit */
    for (size_t i = 0; i < digits.len; i++) {
        value = value * 10 + (uint64_t)(digits.at[i] - '0');
    }
    if (value > (uint64_t)INT64_MAX + (is_negative ? 1 : 0)) {
        return false;
    }
    *out = is_negative ? -(int64_t)(value - 1) - 1 : (int64_t)value;
    return true;
}

/* A text of the form asked for is cut at its point; false when it is of another form. */
static bool split_real(struct lum_bytes text, struct lum_bytes *whole, struct lum_bytes *fraction)
{
    whole->at = text.at;
    whole->len = digits_at(text);
    if (whole->len == 0 || (whole->at[0] == '0' && whole->len > 1)) {
        return false;
    }
    if (whole->len == text.len || text.at[whole->len] != '.') {
        return false;
    }
    fraction->at = text.at + whole->len + 1;
    fraction->len = text.len - whole->len - 1;
    return fraction->len > 0 && digits_at(*fraction) == fraction->len;
}

/*
 * An integer below 2^53 divided by a power of ten up to 10^22 is rounded once, so the quotient of
 * few digits is the nearest double.
 */
static double quotient_of(struct lum_bytes digits, size_t fraction)
{
    static const double powers[SURE_DIGITS] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6, 1e7,
                                               1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14};
    uint64_t mantissa = 0;
    for (size_t i = 0; i < digits.len; i++) {
        mantissa = digits.at[i] == '.' ? mantissa : mantissa * 10 + (uint64_t)(digits.at[i] - '0');
    }
    return (double)mantissa / powers[fraction];
}

bool lum_number_decimal(struct lum_bytes text, double *out)
{
    char copy[LUM_NUMBER_ROOM];
    bool is_negative = text.len > 0 && text.at[0] == '-';
    struct lum_bytes digits = {text.at + (is_negative ? 1 : 0), text.len - (is_negative ? 1 : 0)};
    struct lum_bytes whole;
    struct lum_bytes fraction;
    if (text.len >= sizeof(copy) || !split_real(digits, &whole, &fraction)) {
        return false;
    }
    if (whole.len + fraction.len <= SURE_DIGITS) {
        double value = quotient_of(digits, fraction.len);
        *out = is_negative ? -value : value;
    } else {
        memcpy(copy, text.at, text.len);
        copy[text.len] = '\0';
        *out = strtod(copy, NULL);
    }
    return isfinite(*out);
}

bool lum_number_to_real(struct lum_bytes text, double *out)
{
    if (!lum_number_decimal(text, out) || (text.at[0] == '-' && *out >= 0)) {
        return false;
    }
    size_t digits = text.len - (text.at[0] == '-' ? 2 : 1);
    if (digits <= SURE_DIGITS) { /* they survive a double: none but an idle zero is too many */
        return text.at[text.len - 1] != '0' || text.at[text.len - 2] == '.';
    }
    char shortest[LUM_NUMBER_ROOM];
    size_t len = lum_number_real(*out, shortest);
    return len == text.len && memcmp(shortest, text.at, len) == 0;
}
