#!/bin/sh
# What `cmake --install` leaves behind is enough to build on: a program that knows only pkg-config
# compiles against the installed headers, links the installed libraries and runs.
#
#   install.sh BUILD-FOLDER CC FLAGS
set -eu
build=$1 cc=$2 flags=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/usr" >"$work/log" || { cat "$work/log"; exit 1; }
PKG_CONFIG_PATH=$(dirname "$(find "$work/usr" -name lumbung.pc)")
export PKG_CONFIG_PATH

cat >"$work/user.c" <<'C'
#include "core/crypto.h"
#include "core/status.h"

#include <stdio.h>

int main(void)
{
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    struct lum_hash hash;
    lum_hash32(LUM_LABEL_event, (struct lum_bytes){.len = 0}, &hash);
    printf("%s %02x\n", lum_status_name(LUM_NOT_FOUND), hash.b[0]);
    return 0;
}
C
# pkg-config knows the folder it was configured for; --define-prefix takes the one it lies in.
# shellcheck disable=SC2046,SC2086
"$cc" $flags -std=c11 -o "$work/user" "$work/user.c" \
    $(pkg-config --define-prefix --cflags --libs lumbung)
"$work/user" | grep -E '^NOT_FOUND [0-9a-f]{2}$'
