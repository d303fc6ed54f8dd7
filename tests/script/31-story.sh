#!/usr/bin/env bash
# The story of three halls (tests/story/scenario.txt) once more, by the binary and over sockets: what
# each hall exports and lists as in conflict is what tests/story/expected.txt tells. In one order of
# the pairs; prop_story plays all six, with the clocks of the story.
# labels: cli net
. "$(dirname "$0")/lib.sh"

table=$LUM_SHARED/data/penguins/penguins_raw.csv
[ -n "$LUM_SHARED" ] && [ -d "$LUM_SHARED" ] || skip 'no ../shared'
people=(Siti Made Wayan)
separator=$'\x1f'

# ---- what is expected ----

# chapter TITLE: as `export` writes it ($work/rows), a line each, and the values in conflict
# ($work/conflicts). Each chapter of the file tells only what differs from the one before.
chapter() {
    LC_ALL=C awk -v title="== $1" -v rows="$work/rows" -v conflicts="$work/conflicts" '
    function flush_record(    i, k, line, text) {
        if (key == "") return
        for (i = 2; i <= count; i++) {
            line = field[i]
            for (k = i - 1; k >= 1 && field[k] > line; k--) field[k + 1] = field[k]
            field[k + 1] = line
        }
        for (i = 1; i <= count; i++)
            text = text (i > 1 ? "," : "") "\"" field[i] "\":" shown[field[i]]
        object[key] = life == "deleted" ? "" : "{" text "}"
        key = ""
    }
    /^== / { flush_record(); if (done) exit; done = $0 == title; in_list = done; next }
    /^! / {
        if (in_list && sub(/: deleted but edited$/, "")) print substr($0, 3) "\tdeleted" >conflicts
        if (in_list && sub(/ differs$/, "")) {
            at = index($0, ": ")
            wanted[substr($0, 3, at - 3) "\t" substr($0, at + 2)] = 1
        }
        next
    }
    /^penguins  / {
        flush_record()
        life = "alive"
        name = substr($0, 11)
        if (sub(/, deleted but edited$/, "", name)) life = "edited"
        if (sub(/, deleted$/, "", name)) life = "deleted"
        key = name; count = 0
        split("", shown)
        next
    }
    /^  [^ ]/ { who = $3; next }
    /^    / {
        at = index($0, ": ")
        f = substr($0, 5, at - 5); v = substr($0, at + 2)
        is_marked = sub(/ \*$/, "", v)
        if (!(f in shown)) field[++count] = f
        if (!(f in shown) || is_marked) shown[f] = v
        if ((key "\t" f) in wanted) print key "\t" f "\t" who "\t" v >conflicts
    }
    END {
        flush_record()
        for (key in object) if (object[key] != "") print object[key] >rows
    }' "$LUM_SOURCE/tests/story/expected.txt"
    LC_ALL=C sort -o "$work/rows" "$work/rows"
    touch "$work/conflicts"
    LC_ALL=C sort -o "$work/conflicts" "$work/conflicts"
}

# listed PERSON: the same lines of what `conflicts --json` prints.
listed() {
    local line key field member
    expect 0 "$1" --json conflicts penguins
    grep '"kind"' "$work/out" | while read -r line; do
        key=$(sed 's/.*"key":"\([^"]*\)".*/\1/; s/\\u001f/ | /g' <<<"$line")
        if grep -q '"kind":"deleted-but-edited"' <<<"$line"; then
            printf '%s\tdeleted\n' "$key"
            continue
        fi
        field=$(value field <<<"$line")
        grep -o '"member":"[A-Za-z]*","t":[0-9]*,"value":\("[^"]*"\|[^,}]*\)' <<<"$line" |
            sed 's/"member":"\([A-Za-z]*\)","t":[0-9]*,"value":/\1\t/' |
            while read -r member; do printf '%s\t%s\t%s\n' "$key" "$field" "$member"; done
    done | LC_ALL=C sort
}

# counted PERSON: of the whole store; each neighbour has a count of its own further on.
counted() {
    lum "$1" --json status
    sed 's/"peers":.*"pending"/"pending"/' "$work/out" >"$work/short"
    echo $(($(value conflicts <"$work/short") + $(value revived <"$work/short")))
}

same_text() {
    checks=$((checks + 1))
    diff "$2" "$3" >"$work/out" || wrong "$1"
}

expected() {
    local person
    rm -f "$work/rows" "$work/conflicts"
    chapter "$1"
    equal "$1: records that are expected" $(($(wc -l <"$work/rows") > 300)) 1
    for person in "${people[@]}"; do
        expect 0 "$person" export penguins
        LC_ALL=C sort "$work/out" >"$work/held"
        same_text "$1: what $person holds" "$work/rows" "$work/held"
        listed "$person" >"$work/held"
        same_text "$1: what $person lists" "$work/conflicts" "$work/held"
        equal "$1: conflicts that $person counts" "$(counted "$person")" \
            "$(cut -f 1-2 "$work/conflicts" | uniq | wc -l)"
    done
}

# ---- what the halls do ----

frontiers() {
    lum "$1" --json status && grep -o '"frontier":"[0-9a-f]*"' "$work/out" | tr '\n' ' '
}
all_are_equal() {
    [ "$(frontiers Siti)" = "$(frontiers Made)" ] && [ "$(frontiers Siti)" = "$(frontiers Wayan)" ]
}
meet() {
    serve "$1"
    expect 0 "$2" sync "$address"
    out_has "Equal with $1"
    stop "$pid"
}
meet_until_equal() {
    local round
    for round in 1 2; do
        if ! all_are_equal; then
            meet Siti Made
            meet Made Wayan
            meet Wayan Siti
        fi
    done
    checks=$((checks + 1))
    all_are_equal || wrong 'not equal after two rounds'
    equal 'state of Made' "$(status Made state)" "$(status Siti state)"
    equal 'state of Wayan' "$(status Wayan state)" "$(status Siti state)"
}

# words OBJECT: {"Field": value, ..} as words of `set`, in $words.
words() {
    local rest=$1 one='^[{,] *"([^"]*)": *("[^"]*"|[^,}]*)(.*)$'
    words=()
    while [[ $rest =~ $one ]]; do
        words+=("${BASH_REMATCH[1]}:=${BASH_REMATCH[2]}")
        rest=${BASH_REMATCH[3]}
    done
}

# play WHO WHAT ABOUT MORE
play() {
    local record=penguins/${3//|/$separator}
    case $2 in
    import)
        awk -F, -v island="$3" -v study="$4" \
            'NR == 1 || ($5 == island && (study == "" || $1 == study))' "$table" >"$work/part.csv"
        expect 0 "$1" import penguins "$work/part.csv" --key 'studyName,Sample Number,Species'
        ;;
    set)
        words "$4"
        expect 0 "$1" set "$record" "${words[@]}"
        out_has changed
        ;;
    delete) expect 0 "$1" del "$record" ;;
    'resolve delete') expect 0 "$1" resolve "$record" --delete ;;
    'resolve all')
        expect 0 "$1" conflicts
        expect 0 "$1" resolve penguins --all --take latest
        out_has settled
        expect 0 "$1" conflicts
        out_has 'Nothing is in dispute'
        ;;
    meet) meet_until_equal ;;
    expect) expected "$3" ;;
    *) wrong "what is $2?" ;;
    esac
}

# ---- the story ----

expect 0 Siti init 'Kepulauan Palmer' --as Siti
serve Siti
expect 0 Siti -q invite --uses 2
invite=$(tail -n 1 "$work/out")
expect 0 Made join "$invite" --as Made
expect 0 Wayan join "$invite" --as Wayan
stop "$pid"

mapfile -t lines < <(grep -v '^#' "$LUM_SOURCE/tests/story/scenario.txt")
for ((i = 0; i + 1 < ${#lines[@]}; i++)); do
    case ${lines[i + 1]} in
    d26000*) # no clock is turned here: who would win by a wrong one writes first instead
        late=${lines[i]}
        lines[i]=${lines[i + 1]}
        lines[i + 1]=$late
        ;;
    esac
done
for line in "${lines[@]}"; do
    IFS=$'\t' read -r _ who what about more <<<"$line"
    play "$who" "$what" "$about" "$more"
    if [ "$about" = 'after the first meetings' ]; then
        # Deleted and edited: it is there with all its fields, and says so.
        two="penguins/PAL0708${separator}2${separator}Adelie Penguin (Pygoscelis adeliae)"
        expect 0 Made get "$two"
        equal 'fields of the record that was deleted and edited' "$(wc -l <"$work/out")" 18
        out_has $'Seen again\t2007-12-01'
        err_has 'resolve'
    fi
done
for person in "${people[@]}"; do
    expect 0 "$person" verify
done
finish
