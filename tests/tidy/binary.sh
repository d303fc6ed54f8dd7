#!/bin/sh
# The binary stays small and stands on the system's libraries, no more than are named here.
#
#   binary.sh BINARY
set -eu
binary=$1
[ -x "$binary" ] || { echo "skipped: no $binary"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

strip -o "$work/stripped" "$binary"
bytes=$(wc -c <"$work/stripped")
echo "$bytes bytes stripped"
[ "$bytes" -lt 2000000 ] || { echo "2,000,000 bytes or more"; exit 1; }

needed=$(objdump -p "$binary" | awk '$1 == "NEEDED" { print $2 }')
echo "$needed"
for library in $needed; do
    case "$library" in
        libsodium.so.* | liblmdb.so.* | libuv.so.* | libmsgpackc.so.* | libzstd.so.* | \
            libjansson.so.* | libutf8proc.so.* | libc.so.* | libm.so.* | ld-linux*) ;;
        *) echo "$library is not among the libraries we stand on" && exit 1 ;;
    esac
done
