# labels: cli
# One store, no node: records are saved, found, changed, deleted, brought back; their history tells it.
. "$(dirname "$0")/lib.sh"

expect 0 a init 'Desa Sukamaju' --as Siti
out_has 'Desa Sukamaju'
equal "mode of the folder" "$(stat -c %a "$work/a")" 700
equal "mode of a seed" "$(stat -c %a "$work/a/seed.device")" 600
expect 73 a init 'Again' --as Siti
err_has 'never overwritten'

# ---- put and get: text, JSON, and what stays what it was
expect 0 a --json put trees species=mahoni height_cm:=120 ratio:=5.0 note='a "b" = c' ok:=true
id=$(value id <"$work/out")
equal "length of an id" "${#id}" 32
expect 0 a get "trees/$id" --json
equal "fields as they came" "$(cat "$work/out")" \
    '{"coll":"trees","fields":{"height_cm":120,"note":"a \"b\" = c","ok":true,"ratio":5.0,"species":"mahoni"},"id":"'"$id"'"}'
expect 0 a get "trees/${id:0:6}"
out_has $'species\tmahoni'
expect 0 a put trees species=bakau height_cm:=30 -q --json
expect 0 a put trees species=bakau height_cm:=45 'Bahasa Café=ya'
out_has ' saved'

# ---- find
expect 0 a find trees --count
equal "number of trees" "$(cat "$work/out")" 3
expect 0 a --json find trees 'species = bakau and height_cm < 40'
equal "one matches" "$(value count <"$work/out")" 1
expect 0 a find trees 'not (species = bakau) or "Bahasa Café" = ya' --sort -height_cm --json
equal "rows sorted downwards" "$(sed -n 's/.*"height_cm":\([0-9]*\).*/\1/p' "$work/out" | tr '\n' ' ')" \
    '120 45 '
expect 0 a find trees --limit 2 --json
equal "rows of a limit" "$(wc -l <"$work/out")" 3
expect 0 a find nothing --count
equal "an unknown collection is empty" "$(cat "$work/out")" 0
expect 0 a find trees
equal "no heading in a pipe" "$(wc -l <"$work/out")" 3

# ---- set, unset, nothing to say
expect 0 a set "trees/$id" height_cm:=135 note:=null
out_has 'changed'
expect 0 a set "trees/$id" height_cm:=135
out_has 'as it was'
expect 0 a --json get "trees/$id"
equal "the new fields" "$(sed 's/.*"fields":\({[^}]*}\).*/\1/' "$work/out")" \
    '{"height_cm":135,"ok":true,"ratio":5.0,"species":"mahoni"}'

# ---- del, restore
expect 0 a del "trees/$id"
out_has 'deleted'
expect 0 a find trees --count
equal "one tree fewer" "$(cat "$work/out")" 2
expect 0 a get "trees/$id"
err_has 'restore'
expect 65 a set "trees/$id" height_cm:=1
err_has 'restore'
expect 0 a restore "trees/$id"
out_has 'is back'
expect 65 a restore "trees/$id"
expect 0 a find trees --count
equal "it is back" "$(cat "$work/out")" 3

# ---- history: make, set, drop, keep
expect 0 a --json history "trees/$id"
equal "four events and the end" "$(wc -l <"$work/out")" 5
equal "what each did" "$(sed -n 's/.*"ops":\[{[^]]*"op":"\([a-z]*\)".*/\1/p' "$work/out" | tr '\n' ' ')" \
    'make set drop keep '
expect 0 a history "trees/$id"
out_has 'Siti'

# ---- a file of records
printf '{"n":1,"name":"satu"}\n\n{"n":2}\n{"n":3,"x":null}\n' >"$work/three.ndjson"
expect 0 a put counts -f "$work/three.ndjson"
out_has '3 records saved'
expect 0 a --json put counts -f - <"$work/three.ndjson"
equal "rows of --json: one a record, and the sum" "$(wc -l <"$work/out")" 4
equal "sum" "$(value created <"$work/out")" 3
expect 0 a find counts --count 'n >= 2'
equal "both files are there" "$(cat "$work/out")" 4

# ---- options before the verb, between the words, after them; "--" ends them
expect 0 a find --count trees --lang id
expect 0 a put --json odd -- -x=1 --y=2
expect 0 a --json find odd
out_has '"fields":{"--y":"2","-x":"1"}'

# ---- the files agree with each other
expect 0 a verify
out_has 'No errors'
expect 0 a rebuild
before=$(status a state)
expect 0 a compact
equal "state is the same after rebuild and compact" "$(status a state)" "$before"
expect 0 a verify
finish
