#!/bin/sh
# What core and sync reach for beyond themselves, against a short list: time, randomness, sockets
# and threads come in through struct lum_env, a library only through its door.
#
#   symbols.sh CC LISTS LIBCORE LIBSYNC
#
# A line of LISTS/symbols.<room> is a symbol, or a prefix with a star, and after it the files that
# may use it (none: all). First some violations are planted, and each must be seen.
set -eu
cc=$1 lists=$2 core=$3 sync=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# audit LIST ARCHIVE [ARCHIVE that provides]...: prints each symbol that LIST does not allow.
audit() {
    list=$1 archive=$2
    shift 2
    nm -g --defined-only "$archive" "$@" 2>/dev/null | awk 'NF == 3 { print $3 }' >"$work/own"
    nm -A -u "$archive" 2>/dev/null >"$work/wanted"
    awk -v list="$list" '
        FILENAME == list {
            sub(/#.*/, "")
            if (NF == 0) next
            name = $1
            $1 = ""
            if (sub(/\*$/, "", name)) prefixes[name] = $0 " "
            else symbols[name] = $0 " "
            next
        }
        FILENAME != wanted { own[$1] = 1; next }
        {
            symbol = $NF
            count = split($1, place, ":")
            file = place[count - 1]
            sub(/\.c\.o$|\.o$/, "", file)
            if (symbol in own || symbol ~ made_by_the_compiler) next
            if (symbol ~ /^__.*_chk$/) { sub(/^__/, "", symbol); sub(/_chk$/, "", symbol) }
            allowed = symbol in symbols && may(symbols[symbol], file)
            for (prefix in prefixes)
                if (index(symbol, prefix) == 1 && may(prefixes[prefix], file)) allowed = 1
            if (!allowed) print file ".c: " symbol
        }
        function may(files, file) { return files ~ /^ *$/ || index(files, " " file " ") > 0 }
        ' wanted="$work/wanted" \
        made_by_the_compiler='^(__asan_|__ubsan_|__sanitizer_|__tsan_|__sancov_|__gcov_|__stack_chk_fail$|_GLOBAL_OFFSET_TABLE_$)' \
        "$list" "$work/own" "$work/wanted" | sort -u
}

# plant ROOM FILE SYMBOL: a file of the room that calls SYMBOL and memcpy; "seen" or nothing.
plant() {
    rm -f "$work/plant.a"
    printf 'extern int %s(void);\nextern void *memcpy(void *, const void *, unsigned long);\n%s\n' \
        "$3" "int lum_plant(char *to, char *from);
int lum_plant(char *to, char *from) { memcpy(to, from, (unsigned long)from); return $3(); }" \
        >"$work/$2.c"
    "$cc" -w -fno-builtin -c "$work/$2.c" -o "$work/$2.c.o"
    ar rc "$work/plant.a" "$work/$2.c.o"
    found=$(audit "$lists/symbols.$1" "$work/plant.a")
    [ "$found" != "$2.c: $3" ] || echo seen
}

failed=0
expect() {
    want=$1
    shift
    if [ "$(plant "$@")" != "$want" ]; then
        echo "planted $3 in $1/$2.c: should have been ${want:-allowed}"
        failed=1
    fi
}
expect seen core event time
expect seen core event crypto_sign_detached
expect seen core event mdb_get
expect seen core event malloc
expect seen core store socket
expect seen sync session clock_gettime
expect seen sync session send
expect seen sync session rand
expect seen sync session free
expect "" core crypto crypto_sign_detached
expect "" core store mdb_get
expect "" core mem malloc
[ "$failed" -eq 0 ] || exit 1
echo "12 plantings seen as they should be"

found=$(audit "$lists/symbols.core" "$core")
if [ -n "$found" ]; then
    echo "core uses what symbols.core does not list:" && echo "$found" && failed=1
fi
if [ -n "$sync" ]; then
    found=$(audit "$lists/symbols.sync" "$sync" "$core")
    if [ -n "$found" ]; then
        echo "sync uses what symbols.sync does not list:" && echo "$found" && failed=1
    fi
fi
exit "$failed"
