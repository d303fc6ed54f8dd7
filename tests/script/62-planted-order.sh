#!/usr/bin/env bash
# A promise that nothing can break is not tested: each of bugs/*.patch lets Lumbung tell too early.
# It is planted in a copy of the tree and built, and 61-order.sh must see it; the copy as it is
# must pass first.
. "$(dirname "$0")/lib.sh"

: "${LUM_SOURCE:?where the sources are}"
here=$(cd "$(dirname "$0")" && pwd)
tree=$work/tree
libs=$(pkg-config --libs libsodium lmdb msgpack libzstd libutf8proc libuv jansson)

mkdir "$tree"
cp -r "$LUM_SOURCE"/{core,sync,net,cli} "$tree"
cd "$tree" || exit 1

compile() { # every source given
    printf '%s\n' "$@" | xargs -P 2 -I '{}' sh -c "\${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L \
        -DUTF8PROC_EXPORTS -DLUM_VERSION='\"0\"' -O0 -w -I. -c -o {}.o {}"
}
run() { # 61-order.sh on what is compiled
    ${CC:-cc} -o lumbung ./*/*.o $libs -lpthread &&
        LUMBUNG=$tree/lumbung LUMBUNG_RELEASE=$tree/lumbung bash "$here/61-order.sh" >"$work/out" 2>&1
}

checks=1
compile */*.c && run || wrong 'the tree as it is does not pass: nothing can be said of planted bugs'
for bug in "$here"/bugs/*.patch; do
    name=$(basename "$bug" .patch)
    checks=$((checks + 1))
    touched=$(sed -n 's/^+++ b\///p' "$bug")
    if ! patch -p1 -s <"$bug" || ! compile $touched; then
        wrong "$name does not fit the tree any more"
    elif run; then
        wrong "$name was not seen"
    elif ! grep -q 'tells before the disk has it' "$work/out"; then
        wrong "$name was not seen for what it is"
    else
        printf '%s:\n' "$name"
        sed -n 's/^FAILED: \(.*\) tells before the disk has it/    \1/p' "$work/out"
    fi
    for file in $touched; do # as they were
        cp "$LUM_SOURCE/$file" "$file"
    done
    compile $touched
done
cd / || exit 1
finish
