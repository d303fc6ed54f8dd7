#!/usr/bin/env python3
"""Makes state_leaf.json: state roots worked out from docs/format.md 6 alone.

Nothing of Lumbung is used but its format page: canonical msgpack is spelled here by hand, hashes are
hashlib's. Run it in this folder; the file is checked in, and tests/unit/test_root.c compares.

    python3 make_state.py > state_leaf.json
"""
import hashlib
import json


def h(label, data, size=32):
    return hashlib.blake2b(data, digest_size=size, person=label.encode()).digest()


# --- canonical msgpack, docs/format.md 1 (the limits of that section do not apply to a leaf) ---

def head(n, fix, fix_max, wide):
    """Length n: in the first byte, or behind the first of `wide` that can hold it."""
    if n <= fix_max:
        return bytes([fix | n])
    for first, size in wide:
        if n < 1 << (8 * size):
            return bytes([first]) + n.to_bytes(size, "big")
    raise ValueError(n)


def pack_int(n):
    if 0 <= n < 0x80:
        return bytes([n])
    if n >= 0:
        return head(n, 0, -1, [(0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8)])
    if n >= -32:
        return n.to_bytes(1, "big", signed=True)
    for first, size in [(0xd0, 1), (0xd1, 2), (0xd2, 4), (0xd3, 8)]:
        if n >= -(1 << (8 * size - 1)):
            return bytes([first]) + n.to_bytes(size, "big", signed=True)
    raise ValueError(n)


def pack_str(s):
    b = s.encode()
    return head(len(b), 0xa0, 31, [(0xd9, 1), (0xda, 2), (0xdb, 4)]) + b


def pack_bin(b):
    return head(len(b), 0, -1, [(0xc4, 1), (0xc5, 2), (0xc6, 4)]) + b


def pack_array(items):
    return head(len(items), 0x90, 15, [(0xdc, 2), (0xdd, 4)]) + b"".join(items)


def pack_map(pairs):
    pairs = sorted(pairs, key=lambda pair: pair[0].encode())
    body = b"".join(pack_str(key) + value for key, value in pairs)
    return head(len(pairs), 0x80, 15, [(0xde, 2), (0xdf, 4)]) + body


# --- the logs, in the order in which a node gave them numbers ---

space = h("lumbung1 genesis", b"a document")


def log_of(author, incarnation, shelf):
    log_id = h("lumbung1 log", space + author + incarnation + bytes([shelf]))
    return {"author": author, "incarnation": incarnation, "shelf": shelf, "log_id": log_id}


logs = [log_of(bytes([n]) * 32, bytes([n, 0, 0, 0, 0, 0, 0, n]), 1) for n in range(1, 41)]
by_id = sorted(range(len(logs)), key=lambda i: logs[i]["log_id"])
assert by_id != list(range(len(logs))), "local numbers must not stand in the order of ids"


# --- records: dots are (log, seq, op), siblings (log, seq, op, value bytes) ---

def dots_packed(dots):
    dots = sorted((logs[log]["log_id"], seq, op) for log, seq, op in dots)
    return pack_array([pack_array([pack_bin(i), pack_int(s), pack_int(o)]) for i, s, o in dots])


def cell_packed(siblings):
    rows = sorted((logs[log]["log_id"], seq, op, value) for log, seq, op, value in siblings)
    rows = [pack_array([pack_bin(i), pack_int(s), pack_int(o), v]) for i, s, o, v in rows]
    return pack_array([pack_array([pack_int(1), pack_array(rows)])])


def leaf_of(record):
    fields = [(name, cell_packed(siblings)) for name, siblings in record["fields"].items()]
    return pack_array([pack_str(record["coll"]), pack_bin(record["id"]),
                       dots_packed(record["existence"]), dots_packed(record["drops"]),
                       pack_map(fields)])


def record_id(n, bucket=None):
    """An id; with a bucket, one whose first 12 bits are that."""
    raw = h("lumbung1 record", bytes([n]), 16)
    if bucket is None:
        return raw
    return bytes([bucket >> 4, (bucket & 15) << 4 | raw[1] & 15]) + raw[2:]


cities = {0: "Subang", 1: "Cianjur", 2: "Garut"}
records = [
    # as it was made
    {"coll": "village", "id": record_id(1), "existence": [(0, 1, 0)], "drops": [],
     "fields": {"name": [(0, 1, 0, pack_str("Subang"))], "people": [(0, 1, 0, pack_int(900))],
                "area": [(0, 1, 0, bytes.fromhex("cb4004000000000000"))],
                "note": [(0, 1, 0, b"\xc0")]}},
    # without a field
    {"coll": "empty", "id": record_id(2, 0), "existence": [(3, 70000, 1023)], "drops": [],
     "fields": {}},
    # made in three halls: siblings that differ, existence by log id, not by number
    {"coll": "village", "id": record_id(3, 0), "existence": [(0, 2, 0), (1, 1, 3), (2, 1, 0)],
     "drops": [],
     "fields": {"name": [(n, 2 - (n > 0), 0 if n != 1 else 3, pack_str(city))
                         for n, city in cities.items()]}},
    # deleted: in the root all the same
    {"coll": "village", "id": record_id(4, 0xabc), "existence": [(5, 1, 0)],
     "drops": [(6, 300, 2), (5, 9, 1)], "fields": {"name": [(5, 2, 0, pack_str(""))]}},
    # more siblings, existence dots and fields than fit a short head
    {"coll": "v", "id": record_id(5, 4095), "existence": [(n, 1, 0) for n in range(40)],
     "drops": [(n, 3, 0) for n in range(17)],
     "fields": {**{f"f{n}": [(n, 1, 0, pack_int(-n))] for n in range(20)},
                "Luas (m\u00b2)": [(n, 2, n, pack_array([pack_int(0), pack_str("x" * n)]))
                                   for n in range(36)]}},
]
# several in one bucket, so that their order shows
for n in range(6, 14):
    records.append({"coll": "tree", "id": record_id(n, 0x123), "existence": [(n, n, n)],
                    "drops": [], "fields": {"n": [(n, n, n, pack_int(n))]}})
# nobody made it: no leaf
unmade = {"coll": None, "id": record_id(99, 7), "existence": [(1, 5, 0)], "drops": [],
          "fields": {"name": [(1, 4, 0, pack_int(1))]}}

buckets = {}
for record in sorted(records, key=lambda r: r["id"]):
    record["leaf"] = leaf_of(record)
    record["hash"] = h("lumbung1 state", record["leaf"])
    bucket = record["id"][0] << 4 | record["id"][1] >> 4
    buckets.setdefault(bucket, []).append(record["hash"])
hashes = {bucket: h("lumbung1 state", b"".join(leaves)) for bucket, leaves in buckets.items()}
version = (1).to_bytes(2, "big")
root = h("lumbung1 state", version + b"".join(hashes.get(b, bytes(32)) for b in range(4096)))
empty = h("lumbung1 state", version + bytes(32 * 4096))


def shown(record):
    out = {"coll": record["coll"], "id": record["id"].hex(), "existence": record["existence"],
           "drops": record["drops"],
           "fields": {name: [[log, seq, op, value.hex()] for log, seq, op, value in siblings]
                      for name, siblings in record["fields"].items()}}
    if "leaf" in record:
        out["leaf"] = record["leaf"].hex()
        out["hash"] = record["hash"].hex()
    return out


print(json.dumps({
    "about": "format 6: leaves, buckets and the root of one shelf; dots are [log, seq, op] with log "
             "an index into logs, which stand in the order of their local numbers",
    "space": space.hex(),
    "shelf": 1,
    "logs": [{**log, "author": log["author"].hex(), "incarnation": log["incarnation"].hex(),
              "log_id": log["log_id"].hex()} for log in logs],
    "records": [shown(record) for record in records + [unmade]],
    "buckets": [{"bucket": bucket, "hash": hashes[bucket].hex()} for bucket in sorted(hashes)],
    "root": root.hex(),
    "empty_root": empty.hex(),
}, indent=1))
