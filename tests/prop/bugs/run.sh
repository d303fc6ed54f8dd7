#!/bin/bash
# Plants each of the bugs beside this script, one at a time, in a copy of the tree, and runs the
# model's test on it: each must be found within a minute, and the tree as it is must pass.
#
#   tests/prop/bugs/run.sh            all of them
#   tests/prop/bugs/run.sh 07 11      these
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../../.." && pwd)
seconds=60
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tests"
cp -r "$tree/core" "$work"
cp -r "$tree/tests/lib" "$tree/tests/prop" "$work/tests"
cd "$work"
flags="-std=c11 -D_POSIX_C_SOURCE=200809L -O1 -w -I."
libs=$(pkg-config --libs libsodium lmdb msgpack libzstd libutf8proc cmocka)
parts="choice model model_roster model_root world world_draw world_data world_payload world_flaw
       world_tell barn barn_compare barn_reread deliver test_model"
sources=tests/lib/temp.c
for part in $parts; do
    sources="$sources tests/prop/$part.c"
done

object() {
    echo "${1//\//_}.o"
}
compile() { # every source given
    for source in "$@"; do
        echo "$source $(object "$source")"
    done | xargs -P "$(nproc)" -L 1 sh -c "\${CC:-cc} $flags -c \$0 -o \$1"
}
run() { # seconds of random histories
    ${CC:-cc} -o test_model ./*.o $libs
    LUM_PROP_SECONDS=$1 LUM_PROP_SHRINK=0 timeout $((4 * seconds)) ./test_model >out 2>&1
}

compile core/*.c $sources
if ! run 2; then
    cat out
    echo "the tree as it is does not pass: nothing can be said of planted bugs"
    exit 1
fi

missed=0
for patch in "$here"/*.patch; do
    name=$(basename "$patch" .patch)
    if [ $# -gt 0 ] && ! echo " $* " | grep -q " ${name%%-*} "; then
        continue
    fi
    touched=$(sed -n 's/^+++ b\///p' "$patch")
    if ! patch -p1 -s <"$patch"; then
        echo "$name: does not fit the tree any more"
        missed=1
    else
        compile $touched
        if run $seconds; then
            echo "$name: NOT FOUND"
            missed=1
        else
            echo "$name: $(grep -o -m1 'found after [0-9.]* s' out || tail -n1 out)"
        fi
    fi
    for file in $touched; do # as they were
        cp "$tree/$file" "$file"
        rm -f "$file.orig" "$file.rej"
    done
    compile $touched
done
exit $missed
