#!/usr/bin/env python3
"""Makes the test vectors beside it, without one line of Lumbung's C code.

It follows docs/format.md with what Python itself brings (hashlib.blake2b) and small, slow
implementations of RFC 8032, 7748, 8439 and the XChaCha draft, so that a mistake in the C code
cannot repeat itself here. The C tests read the JSON; nothing needs Python at test time.

    tests/vector/make.py          writes the files
    tests/vector/make.py --check  fails when a file differs from what would be written, or when
                                  docs/format.md quotes hex that no file holds
"""

import base64
import hashlib
import json
import pathlib
import re
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent.parent / "docs" / "format.md"


# ---- hashes (format 1) ----------------------------------------------------------------------


def blake2b(label, size, parts, key=b""):
    person = label.encode().ljust(16, b"\0")
    return hashlib.blake2b(b"".join(parts), digest_size=size, key=key, person=person).digest()


def H(label, *parts):
    return blake2b("lumbung1 " + label, 32, parts)


def H16(label, *parts):
    return blake2b("lumbung1 " + label, 16, parts)


def u8(v):
    return struct.pack(">B", v)


def u16(v):
    return struct.pack(">H", v)


def u64(v):
    return struct.pack(">Q", v)


def string(text):
    raw = text.encode()
    return u16(len(raw)) + raw


def KDF(key, label, rest=b""):
    return blake2b("lumbung1 kdf", 32, [string(label), rest], key)


# ---- canonical msgpack (format 1) -----------------------------------------------------------


def pack_int(v):
    if v >= 0:
        forms = [(0x7F, "B", b""), (0xFF, "B", b"\xcc"), (0xFFFF, "H", b"\xcd"),
                 (0xFFFFFFFF, "I", b"\xce"), (2**63 - 1, "Q", b"\xcf")]
        return next(tag + struct.pack(">" + f, v) for top, f, tag in forms if v <= top)
    forms = [(-0x20, "b", b""), (-0x80, "b", b"\xd0"), (-0x8000, "h", b"\xd1"),
             (-0x80000000, "i", b"\xd2"), (-(2**63), "q", b"\xd3")]
    return next(tag + struct.pack(">" + f, v) for low, f, tag in forms if v >= low)


def pack_length(n, fix, fix_max, wide):
    if n <= fix_max:
        return u8(fix | n)
    for size, tag in wide:
        if n < 1 << 8 * size:
            return u8(tag) + n.to_bytes(size, "big")
    raise ValueError(n)


def pack(v):
    if v is None:
        return b"\xc0"
    if isinstance(v, bool):
        return b"\xc3" if v else b"\xc2"
    if isinstance(v, int):
        return pack_int(v)
    if isinstance(v, (bytes, bytearray)):
        return pack_length(len(v), 0, -1, [(1, 0xC4), (2, 0xC5), (4, 0xC6)]) + bytes(v)
    if isinstance(v, str):
        raw = v.encode()
        return pack_length(len(raw), 0xA0, 31, [(1, 0xD9), (2, 0xDA), (4, 0xDB)]) + raw
    if isinstance(v, (list, tuple)):
        return pack_length(len(v), 0x90, 15, [(2, 0xDC), (4, 0xDD)]) + b"".join(map(pack, v))
    if isinstance(v, dict):
        pairs = sorted((k.encode(), pack(k) + pack(x)) for k, x in v.items())
        head = pack_length(len(v), 0x80, 15, [(2, 0xDE), (4, 0xDF)])
        return head + b"".join(pair for _, pair in pairs)
    raise TypeError(v)


# ---- Ed25519 (RFC 8032) and X25519 (RFC 7748) ------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def point_add(p, q):
    """Affine points of -x^2 + y^2 = 1 + d x^2 y^2: the complete addition law, two inversions."""
    (x1, y1), (x2, y2) = p, q
    k = D * x1 * x2 * y1 * y2 % P
    x3 = (x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P)
    y3 = (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P)
    return x3 % P, y3 % P


def point_times(n, p):
    out = (0, 1)
    for bit in bin(n)[2:]:
        out = point_add(out, out)
        if bit == "1":
            out = point_add(out, p)
    return out


def base_point():
    y = 4 * pow(5, P - 2, P) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    return (P - x if x & 1 else x), y


B = base_point()


def point_bytes(p):
    x, y = p
    return (y | (x & 1) << 255).to_bytes(32, "little")


def clamp(raw):
    n = int.from_bytes(raw, "little")
    return n & ~7 & ~(1 << 255) | 1 << 254


def sha512_int(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def sign_public(seed):
    return point_bytes(point_times(clamp(hashlib.sha512(seed).digest()[:32]), B))


def sign(seed, message):
    digest = hashlib.sha512(seed).digest()
    a, prefix = clamp(digest[:32]), digest[32:]
    public = point_bytes(point_times(a, B))
    r = sha512_int(prefix, message) % L
    R = point_bytes(point_times(r, B))
    s = (r + sha512_int(R, public, message) * a) % L
    return R + s.to_bytes(32, "little")


def x25519_public(secret):
    k, u = clamp(secret), 9
    x2, z2, x3, z3 = 1, 0, u, 1
    for t in reversed(range(255)):
        if k >> t & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a, b * b
        x3, z3 = (da + cb) ** 2 % P, u * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, (aa - bb) * (aa + 121665 * (aa - bb)) % P
        if k >> t & 1:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


# ---- XChaCha20-Poly1305 (RFC 8439 and draft-irtf-cfrg-xchacha) -------------------------------


def chacha_rounds(state):
    s = list(state)

    def quarter(a, b, c, d):
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            v = s[z] ^ s[x]
            s[z] = (v << turn | v >> 32 - turn) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return s


def chacha_state(key, sixteen):
    return struct.unpack("<16I", b"expand 32-byte k" + key + sixteen)


def chacha_block(key, counter, nonce12):
    state = chacha_state(key, struct.pack("<I", counter) + nonce12)
    mixed = chacha_rounds(state)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(state, mixed)))


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(message), 16):
        total = (total + int.from_bytes(message[i : i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def xaead_seal(key, nonce24, plain):
    mixed = chacha_rounds(chacha_state(key, nonce24[:16]))
    key = struct.pack("<8I", *(mixed[:4] + mixed[12:]))
    nonce = bytes(4) + nonce24[16:]
    stream = b"".join(chacha_block(key, 1 + i, nonce) for i in range(len(plain) // 64 + 1))
    cipher = bytes(a ^ b for a, b in zip(plain, stream))
    padded = cipher + bytes(-len(cipher) % 16) + struct.pack("<QQ", 0, len(cipher))
    return cipher + poly1305(chacha_block(key, 0, nonce)[:32], padded)


# ---- one small world, quoted in docs/format.md -----------------------------------------------


def count_up(start, n):
    return bytes((start + i) % 256 for i in range(n))


NODE_SEED = count_up(0x00, 32)
DEVICE_SEED = count_up(0x20, 32)
SPACE_SECRET = count_up(0x40, 32)
SALT = count_up(0x60, 32)
INCARNATION = count_up(0x80, 8)
FOUNDED_MS = 1764547200000  # 2025-12-01 00:00 UTC

T_SEED = KDF(NODE_SEED, "node", SALT)
A_SEED = KDF(DEVICE_SEED, "author", SALT)
X_SECRET = KDF(DEVICE_SEED, "box", SALT)
T, A, X = sign_public(T_SEED), sign_public(A_SEED), x25519_public(X_SECRET)

DOCUMENT = pack([1, SALT, FOUNDED_MS, [[A, X, T]], 1, [], [[0, "gov", 0], [1, "common", 0]]])
SPACE = H("genesis", DOCUMENT)
EPOCH = SPACE[:16]
EPOCH_2 = count_up(0xE0, 16)


def log_id(author, incarnation, shelf):
    return H("log", SPACE, author, incarnation, u8(shelf))


LOG = log_id(A, INCARNATION, 1)


def hexed(v):
    return None if v is None else v.hex()


# ---- header ----------------------------------------------------------------------------------


def header(kind=0, dt=0, deps=(), plen=0, phash=None, epoch=None):
    fields = [kind, dt, [list(d) for d in deps], plen, phash]
    return pack(fields + ([epoch] if epoch is not None else []))


def good_header(name, **fields):
    deps = [{"log8": d[0].hex(), "seq": d[1], "hash16": d[2].hex() if len(d) > 2 else None}
            for d in fields.get("deps", ())]
    return {"name": name, "hex": header(**fields).hex(), "kind": fields.get("kind", 0),
            "dt": fields.get("dt", 0), "deps": deps, "plen": fields.get("plen", 0),
            "phash": hexed(fields.get("phash")), "epoch": hexed(fields.get("epoch"))}


def log8(n):
    return u64(n)


def pins(n):
    return [(log8(i), 1 + i, count_up(i, 16)) for i in range(n)]


def good_headers():
    full = H("payload", b"withheld")
    yield good_header("the smallest")
    yield good_header("a visit", dt=1500, plen=40)
    yield good_header("kind 63, unknown, carried", kind=63, plen=1)
    yield good_header("a clock that went back", dt=-86400000, plen=40)
    yield good_header("the farthest jumps on", dt=2**63 - 1, plen=0)
    yield good_header("the farthest jumps back", dt=-(2**63), plen=0)
    yield good_header("a pin", deps=pins(1), plen=40)
    yield good_header("a lean and a pin", deps=[(log8(5), 70), (log8(6), 300, EPOCH)], plen=40)
    yield good_header("two logs apart in the last byte only",
                      deps=[(log8(0x0100), 1), (log8(0x0101), 1)])
    yield good_header("the highest position", deps=[(log8(1), 2**63 - 1)])
    yield good_header("32 pins", deps=pins(32), plen=40)
    yield good_header("the longest payload", plen=65536)
    yield good_header("withheld", dt=9, plen=8, phash=full)
    yield good_header("a new epoch", dt=9, plen=40, epoch=EPOCH_2)
    yield good_header("withheld, with a new epoch", dt=9, plen=8, phash=full, epoch=EPOCH_2)
    yield good_header("everything at once, the longest header", kind=63, dt=-(2**63),
                      deps=[(b"\xff" * 7 + u8(i), 2**63 - 1, EPOCH) for i in range(32)],
                      plen=65536, phash=full, epoch=EPOCH_2)


def bad_headers():
    pin = pins(1)[0]
    yield "nothing", b"", "truncated"
    yield "cut in kind", b"\x95", "truncated"
    yield "cut in dt", b"\x95\x00\xcd\x05", "truncated"
    yield "cut in a dep", header(deps=[pin])[:-8], "truncated"
    yield "cut in phash", header(plen=8, phash=EPOCH * 2)[:-1], "truncated"
    yield "cut before epoch", b"\x96\x00\x00\x90\x00\xc0", "truncated"
    yield "a map", b"\x85\x00\x00\x90\x00\xc0", "type"
    yield "four fields", pack([0, 0, [], 0]), "header"
    yield "seven fields", pack([0, 0, [], 0, None, EPOCH_2, 0]), "header"
    yield "array length in the wide form", b"\xdc\x00\x05\x00\x00\x90\x00\xc0", "not-canonical"
    yield "kind as text", pack(["0", 0, [], 0, None]), "type"
    yield "kind in a wide form", b"\x95\xcc\x00\x00\x90\x00\xc0", "not-canonical"
    yield "kind 64", header(kind=64), "header"
    yield "kind -1", header(kind=-1), "header"
    yield "dt as real", b"\x95\x00\xcb" + struct.pack(">d", 5.0) + b"\x90\x00\xc0", "type"
    yield "dt nil", pack([0, None, [], 0, None]), "type"
    yield "dt in the signed family", b"\x95\x00\xd1\x05\xdc\x90\x00\xc0", "not-canonical"
    yield "dt beyond int64", b"\x95\x00\xcf" + b"\xff" * 8 + b"\x90\x00\xc0", "not-canonical"
    yield "deps nil", pack([0, 0, None, 0, None]), "type"
    yield "33 deps", header(deps=pins(33)), "deps"
    yield "a dep of one", pack([0, 0, [[pin[0]]], 0, None]), "deps"
    yield "a dep of four", pack([0, 0, [list(pin) + [0]], 0, None]), "deps"
    yield "a dep that is no array", pack([0, 0, [pin[0]], 0, None]), "type"
    yield "log8 of 7 bytes", header(deps=[(log8(1)[:7], 1)]), "type"
    yield "log8 as text", header(deps=[("12345678", 1)]), "type"
    yield "dep at position 0", header(deps=[(log8(1), 0)]), "deps"
    yield "dep at position -1", header(deps=[(log8(1), -1)]), "deps"
    yield "hash16 of 15 bytes", header(deps=[(log8(1), 1, EPOCH[:15])]), "type"
    yield "hash16 nil", header(deps=[(log8(1), 1, None)]), "type"
    yield "deps descending", header(deps=[(log8(2), 1), (log8(1), 1)]), "deps"
    yield "deps twice the same log", header(deps=[(log8(1), 1), (log8(1), 2)]), "deps"
    yield "plen 65,537", header(plen=65537), "payload-length"
    yield "plen -1", header(plen=-1), "payload-length"
    yield "phash of 31 bytes", header(plen=8, phash=EPOCH + EPOCH[:15]), "type"
    yield "phash as text", header(plen=8, phash="x" * 32), "type"
    yield "phash false", pack([0, 0, [], 8, False]), "type"
    yield "phash in a wide form", header(plen=8)[:-1] + b"\xc5\x00\x20" + EPOCH * 2, "not-canonical"
    yield "phash in full although plen is 0", header(phash=H("payload")), "header"
    yield "epoch of 15 bytes", header(epoch=EPOCH[:15]), "type"
    yield "epoch nil", b"\x96\x00\x00\x90\x00\xc0\xc0", "type"
    yield "bytes after the end", header() + b"\x00", "trailing"


def header_file():
    bad = [{"name": name, "hex": raw.hex(), "fault": fault} for name, raw, fault in bad_headers()]
    return {"about": "format 2: headers as they travel; a bad one gets the fault named, for its "
                     "first mistake in reading order",
            "good": list(good_headers()), "bad": bad}


# ---- chain, boundary, seal -------------------------------------------------------------------


class Range:
    """Roots straight from the definition: split the leaves into perfect trees, bag from right."""

    def __init__(self):
        self.leaves = []

    def add(self, h):
        self.leaves.append(H("leaf", h))

    @staticmethod
    def perfect(leaves):
        while len(leaves) > 1:
            leaves = [H("node", a, b) for a, b in zip(leaves[::2], leaves[1::2])]
        return leaves[0]

    def peaks(self):
        out, rest = [], self.leaves
        while rest:
            n = 1 << len(rest).bit_length() - 1
            out.append(self.perfect(rest[:n]))
            rest = rest[n:]
        return out

    def root(self):
        *others, root = self.peaks()
        for peak in reversed(others):
            root = H("node", peak, root)
        return root


def seal_message(log, seq, h, t=None, epoch=None, root=None):
    plain = b"lumbung/1 seal" + log + u64(seq) + h
    return plain if root is None else plain + u64(t) + epoch + root


class Chain:
    """A log as its author writes it: h, t, epoch, boundaries, seals and the bytes of its run."""

    def __init__(self):
        self.seq, self.h, self.t, self.epoch = 0, LOG, FOUNDED_MS, EPOCH
        self.events = self.bytes = 0
        self.range = Range()
        self.run, self.seals = b"", []
        self.boundary = False

    def step(self, payload, withheld=False, **fields):
        fields["plen"] = len(payload)
        phash = H("payload", payload)
        wire = header(phash=phash if withheld else None, **fields)
        hashed = header(phash=phash, **fields)
        self.h = H("event", self.h, hashed)
        self.seq += 1
        self.t += fields.get("dt", 0)
        self.epoch = fields.get("epoch") or self.epoch
        self.run += wire + (b"" if withheld else payload)
        self.events += 1
        self.bytes += len(payload)
        self.boundary = self.events == 64 or self.bytes >= 32768
        if self.boundary:
            self.events = self.bytes = 0
            self.range.add(self.h)
            self.seals.append(self.seal())
        return wire, hashed

    def message(self):
        if not self.boundary:
            return seal_message(LOG, self.seq, self.h)
        return seal_message(LOG, self.seq, self.h, self.t, self.epoch, self.range.root())

    def seal(self):
        return sign(A_SEED, self.message())

    def all_seals(self):
        return self.seals if self.boundary else self.seals + [self.seal()]


def chain_steps():
    visit = pack([[], [[18, "visit", "W-17", {"name": "Sari", "trees": 12}]]])
    yield "the first event", visit, {"dt": 1500}
    yield "a second later", pack([[[1, 0]], [[1, 0, "trees", 13, [[1, 0]]]]]), {"dt": 1000}
    yield "no payload", b"", {"kind": 1}
    yield "the clock went back to the founding", b"\xc0", {"dt": -2500}
    yield "deps", visit, {"deps": [(log8(5), 70), (log8(6), 300, EPOCH)], "dt": 60000}
    yield "a new epoch", b"\xc0", {"epoch": EPOCH_2}
    yield "a payload that is no msgpack", b"\xc1\xff", {"kind": 63}
    yield "withheld", b"gone", {"withheld": True}
    yield "withheld, with an epoch", b"gone", {"withheld": True, "epoch": EPOCH, "dt": 1}
    yield "the last moment there is", b"\xc0", {"dt": 2**48 - 1 - (FOUNDED_MS + 60001)}
    yield "1970", b"\xc0", {"dt": -(2**48 - 1)}


def bad_steps():
    """Each stands after the chain's first event."""
    yield "time before 1970", header(dt=-(FOUNDED_MS + 1501), plen=1), b"\xc0", "time"
    yield "time 2^48", header(dt=2**48 - FOUNDED_MS - 1500, plen=1), b"\xc0", "time"
    yield "time overflows", header(dt=2**63 - 1, plen=1), b"\xc0", "time"
    yield "time underflows", header(dt=-(2**63), plen=1), b"\xc0", "time"
    yield "the same epoch again", header(plen=1, epoch=EPOCH), b"\xc0", "epoch"
    yield "payload too short", header(plen=2), b"\xc0", "payload-length"
    yield "payload too long", header(plen=1), b"\xc0\xc0", "payload-length"
    yield ("payload that is not the hashed one", header(plen=1, phash=H("payload", b"\xc0")),
           b"\xc2", "payload-hash")


def chain_file():
    chain, rows = Chain(), []
    for name, payload, fields in chain_steps():
        wire, hashed = chain.step(payload, **fields)
        rows.append({"name": name, "header": wire.hex(), "hashed": hashed.hex(),
                     "payload": "" if fields.get("withheld") else payload.hex(),
                     "phash": H("payload", payload).hex(), "seq": chain.seq,
                     "h": chain.h.hex(), "t": chain.t, "epoch": chain.epoch.hex()})
    bad = [{"name": name, "header": raw.hex(), "payload": payload.hex(), "fault": fault}
           for name, raw, payload, fault in bad_steps()]
    return {"about": "format 2: h(n) = H(\"lumbung1 event\", h(n-1), hashed), h(0) = log id; bad: "
                     "the second event of the chain, and its fault",
            "space": SPACE.hex(), "author_seed": A_SEED.hex(), "author": A.hex(),
            "incarnation": INCARNATION.hex(), "shelf": 1, "log_id": LOG.hex(),
            "founded_ms": FOUNDED_MS, "epoch": EPOCH.hex(), "events": rows,
            "run": chain.run.hex(), "seals": [s.hex() for s in chain.all_seals()], "bad": bad}


def boundary_case(name, lengths, withheld=()):
    """Event n has kind 0, dt n and lengths[n-1] bytes of value n mod 256."""
    chain, boundaries = Chain(), []
    for n, length in enumerate(lengths, 1):
        chain.step(bytes([n % 256]) * length, withheld=n in withheld, dt=n)
        if chain.boundary:
            boundaries.append({"seq": n, "h": chain.h.hex(), "t": chain.t,
                               "root": chain.range.root().hex(),
                               "message": chain.message().hex(), "seal": chain.seals[-1].hex()})
    return {"name": name, "plen": list(lengths), "withheld": list(withheld),
            "boundaries": boundaries, "head": chain.h.hex(),
            "seals": [s.hex() for s in chain.all_seals()]}


def boundary_file():
    cases = [
        boundary_case("by count: the 64th event since the last one", [9] * 130),
        boundary_case("by count, ending at one", [0] * 64),
        boundary_case("by bytes: one short of 32 KiB, then one more", [16384, 16383, 1, 5]),
        boundary_case("by bytes: exactly 32 KiB at once", [32768, 1]),
        boundary_case("by bytes: one payload of 64 KiB", [1, 65536, 1]),
        boundary_case("by bytes: both counters start anew", [32767, 1, 32767] + [0] * 62 + [0]),
        boundary_case("by bytes: a withheld payload counts", [20000, 20000, 3], withheld=[2]),
    ]
    return {"about": "format 3: event n has kind 0, dt n, no deps, and plen[n-1] bytes of value "
                     "n mod 256; the log is that of chain.json; seals: each boundary's, then the "
                     "head's when it is none",
            "cases": cases}


def seal_file():
    chain = Chain()
    chain.step(b"\xc0", dt=1500)
    plain = seal_message(LOG, chain.seq, chain.h)
    many = Chain()
    for n in range(1, 65):
        many.step(b"\xc0", dt=n)
    root = many.range.root()
    good = seal_message(LOG, 64, many.h, many.t, EPOCH, root)
    claim = {"log_id": LOG.hex(), "seq": 64, "h": many.h.hex(), "t": many.t,
             "epoch": EPOCH.hex(), "leaf": many.h.hex(), "root": root.hex(),
             "message": good.hex(), "seal": sign(A_SEED, good).hex()}
    s = int.from_bytes(sign(A_SEED, plain)[32:], "little") + L
    return {"about": "format 3: Ed25519 over `message`; a bad seal does not hold for its good claim",
            "author_seed": A_SEED.hex(), "author": A.hex(),
            "plain": {"log_id": LOG.hex(), "seq": 1, "h": chain.h.hex(), "t": chain.t,
                      "epoch": EPOCH.hex(), "message": plain.hex(),
                      "seal": sign(A_SEED, plain).hex()},
            "boundary": claim,
            "bad_plain": [
                {"name": "S + L", "seal": (sign(A_SEED, plain)[:32] + s.to_bytes(32, "little")).hex()},
                {"name": "of position 2", "seal": sign(A_SEED, seal_message(LOG, 2, chain.h)).hex()},
                {"name": "of another log",
                 "seal": sign(A_SEED, seal_message(SPACE, 1, chain.h)).hex()},
                {"name": "by another key", "seal": sign(T_SEED, plain).hex()},
                {"name": "without the literal", "seal": sign(A_SEED, plain[14:]).hex()}],
            "bad_boundary": [
                {"name": "a plain one",
                 "seal": sign(A_SEED, seal_message(LOG, 64, many.h)).hex()},
                {"name": "a false t",
                 "seal": sign(A_SEED, seal_message(LOG, 64, many.h, many.t + 1, EPOCH, root)).hex()},
                {"name": "a false epoch",
                 "seal": sign(A_SEED, seal_message(LOG, 64, many.h, many.t, EPOCH_2, root)).hex()},
                {"name": "a false root",
                 "seal": sign(A_SEED, seal_message(LOG, 64, many.h, many.t, EPOCH, many.h)).hex()}]}


def range_file():
    tree, rows = Range(), []
    for n in range(1, 21):
        tree.add(bytes([n]) * 32)
        rows.append({"leaves": n, "root": tree.root().hex(),
                     "rest": (u64(n) + b"".join(tree.peaks())).hex()})
    return {"about": "format 3: boundary n has h = 32 bytes of value n; rest = u64 leaves and the "
                     "peaks from the highest down, as a store keeps them",
            "roots": rows}


# ---- ids -------------------------------------------------------------------------------------


def record_ids_file():
    logs = [(A, INCARNATION, 0), (A, INCARNATION, 1), (A, count_up(0x90, 8), 1), (T, bytes(8), 7)]
    made = [(LOG, 1, 0), (LOG, 1, 1), (LOG, 2, 0), (LOG, 2**63 - 1, 1023)]
    keyed = [(1, "visit", "W-17"), (1, "visit", "W-18"), (2, "visit", "W-17"), (1, "v", "isitW-17"),
             (0, "_space", "space"), (1, "wilayah", "11.01\u001fKec. Bakongan"),
             (1, "visit", ""), (1, "visit", "k" * 1024)]
    return {"about": "format 1: log id, ids of made and keyed records, member id, space id",
            "document": DOCUMENT.hex(), "space": SPACE.hex(), "genesis_epoch": EPOCH.hex(),
            "logs": [{"author": a.hex(), "incarnation": i.hex(), "shelf": s,
                      "log_id": log_id(a, i, s).hex(), "log8": log_id(a, i, s)[:8].hex()}
                     for a, i, s in logs],
            "made": [{"log_id": log.hex(), "seq": seq, "op": op,
                      "id": H16("record", log, u64(seq), u16(op)).hex()} for log, seq, op in made],
            "keyed": [{"shelf": s, "collection": c, "key": k,
                       "id": H16("keyed", SPACE, u8(s), string(c), string(k)).hex()}
                      for s, c, k in keyed],
            "members": [{"author": a.hex(), "id": H16("member", SPACE, a).hex()} for a in (A, T)]}


# ---- keys and invites ------------------------------------------------------------------------


def keys_file():
    return {"about": "format 7: keys of a device and of the space secret",
            "kdf": [{"key": k.hex(), "label": label, "rest": rest.hex(),
                     "out": KDF(k, label, rest).hex()}
                    for k, label, rest in [(NODE_SEED, "node", SALT), (DEVICE_SEED, "author", SALT),
                                           (SPACE_SECRET, "psk", b""), (NODE_SEED[:16], "psk", b""),
                                           (NODE_SEED[:16] + bytes(16), "psk", b""),
                                           (bytes(64), "", b"")]],
            "node_seed": NODE_SEED.hex(), "device_seed": DEVICE_SEED.hex(), "salt": SALT.hex(),
            "node_public": T.hex(), "author_public": A.hex(), "author_seed": A_SEED.hex(),
            "box_secret": X_SECRET.hex(), "box_public": X.hex(),
            "space_secret": SPACE_SECRET.hex(),
            "psk": KDF(SPACE_SECRET, "psk").hex(), "hint": KDF(SPACE_SECRET, "hint").hex(),
            "beacon": KDF(SPACE_SECRET, "beacon").hex(), "tag": KDF(SPACE_SECRET, "tag").hex(),
            "sack": KDF(SPACE_SECRET, "sack").hex()}


SEED = count_up(0xA0, 16)
MAPPED = bytes(10) + b"\xff\xff" + bytes([192, 168, 1, 20])


def invite_bytes(version=1, address=MAPPED, port=7117):
    body = u8(version) + SPACE + SEED + EPOCH + address + u16(port)
    return body + H("check", body)[:4]


def invite_text(raw):
    return "LUMBUNG:" + base64.b32encode(raw).decode().rstrip("=")


def spare_bit(text):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


def bad_invites(text):
    other = "A" if text[40] != "A" else "B"
    yield "nothing", "", "prefix"
    yield "another prefix", "LUMPUNG:" + text[8:], "prefix"
    yield "no prefix", text[8:], "prefix"
    yield "prefix alone", text[:8], "length"
    yield "a letter missing", text[:-1], "length"
    yield "a letter too many", text + "A", "length"
    yield "padded", text + "====", "length"
    yield "a digit that is no letter", text[:20] + "1" + text[21:], "letter"
    yield "a letter of another script", text[:20] + "\u0410" + text[21:], "letter"
    yield "spare bits set", spare_bit(text), "spare-bits"
    yield "one letter mistyped", text[:40] + other + text[41:], "check"
    yield "two letters swapped", text[:50] + text[51] + text[50] + text[52:], "check"
    yield "version 2", invite_text(invite_bytes(version=2)), "version"


def invite_file():
    sign_seed, psk = KDF(SEED, "sign"), KDF(SEED, "psk")
    pk = sign_public(sign_seed)
    text = invite_text(invite_bytes())
    grouped = " ".join(text[i : i + 12] for i in range(0, len(text), 12))
    join = b"lumbung/1 join" + SPACE + A + X + T
    bare = invite_bytes(address=bytes(16), port=0)
    return {"about": "format 7: invites; same: other spellings that are forgiven",
            "space": SPACE.hex(), "seed": SEED.hex(), "epoch_pin": EPOCH.hex(),
            "good": [{"address": MAPPED.hex(), "port": 7117, "hex": invite_bytes().hex(),
                      "text": text},
                     {"address": bytes(16).hex(), "port": 0, "hex": bare.hex(),
                      "text": invite_text(bare)}],
            "same": [text.lower(), " \t" + grouped + "\r\n", text[:70] + "\n  " + text[70:]],
            "bad": [{"name": n, "text": t, "why": w} for n, t, w in bad_invites(text)],
            "sign_seed": sign_seed.hex(), "pk": pk.hex(), "psk_invite": psk.hex(),
            "hint": KDF(psk, "hint").hex(), "space_secret": SPACE_SECRET.hex(),
            "enc48": xaead_seal(KDF(SPACE_SECRET, "invite"), pk[:24], psk).hex(),
            "axt": (A + X + T).hex(), "join_message": join.hex(),
            "join_sig": sign(sign_seed, join).hex()}


# ---- control events and digests --------------------------------------------------------------


def event(log, n, previous, t, payload, **fields):
    """Event n of a gov log: what it is called, and its bytes as they travel and are hashed."""
    fields.update(kind=2, plen=len(payload))
    h = H("event", previous, header(phash=H("payload", payload), **fields))
    return {"log_id": log.hex(), "seq": n, "header": header(**fields).hex(),
            "payload": payload.hex(), "t": t, "h": h.hex(),
            "ref": [log[:8].hex(), n, h[:16].hex()]}


def ref_of(row):
    log8_hex, seq, hash16 = row["ref"]
    return [bytes.fromhex(log8_hex), seq, bytes.fromhex(hash16)]


def control_file():
    sign_seed, psk = KDF(SEED, "sign"), KDF(SEED, "psk")
    pk = sign_public(sign_seed)
    enc48 = xaead_seal(KDF(SPACE_SECRET, "invite"), pk[:24], psk)
    gov = log_id(A, INCARNATION, 0)
    genesis = event(gov, 1, gov, FOUNDED_MS, b"\x92\x00" + DOCUMENT)
    invite = event(gov, 2, bytes.fromhex(genesis["h"]), FOUNDED_MS + 60000,
                   pack([1, pk, 3, 1, FOUNDED_MS + 30 * 86400000, 0, enc48]), dt=60000)

    a, x, t = (sign_public(KDF(count_up(0xB0, 32), "author", SALT)),
               x25519_public(KDF(count_up(0xB0, 32), "box", SALT)),
               sign_public(KDF(count_up(0xC0, 32), "node", SALT)))
    theirs = log_id(a, count_up(0xD0, 8), 0)
    sig = sign(sign_seed, b"lumbung/1 join" + SPACE + a + x + t)
    join = event(theirs, 1, theirs, FOUNDED_MS + 90000,
                 pack([3, ref_of(invite), a, x, t, sig]), dt=90000, deps=[ref_of(invite)])
    admit = event(gov, 3, bytes.fromhex(invite["h"]), FOUNDED_MS + 180000,
                  pack([4, ref_of(join), 3, [], []]), dt=120000, deps=[ref_of(join)])
    cancel = event(gov, 4, bytes.fromhex(admit["h"]), FOUNDED_MS + 180001,
                   pack([2, ref_of(invite)]), dt=1)
    return {"about": "format 5: a founder's gov log (GENESIS, INVITE, ADMIT, CANCEL) and a "
                     "newcomer's (JOIN); keys as in keys.json and invite.json",
            "document": DOCUMENT.hex(), "space": SPACE.hex(),
            "newcomer": {"author": a.hex(), "box": x.hex(), "node": t.hex(),
                         "incarnation": count_up(0xD0, 8).hex(),
                         "member": H16("member", SPACE, a).hex()},
            "genesis": genesis, "invite": invite, "join": join, "admit": admit, "cancel": cancel}


def front(logs):
    """logs: (log id, seq, h, frozen); empty ones must have been left out."""
    rows = [log + u64(seq | frozen << 63) + h for log, seq, h, frozen in sorted(logs)]
    return H16("front", *rows)


def front_file():
    a, b, c = (log_id(A, count_up(0x80 + i, 8), 1) for i in range(3))
    one, two = (a, 1, b"\x01" * 32, 0), (b, 300, b"\x02" * 32, 0)
    frozen, at_start = (c, 64, b"\x03" * 32, 1), (c, 0, c, 1)
    cases = [("no log", []), ("one log", [one]), ("two logs", [one, two]),
             ("the third is frozen after 64", [one, two, frozen]),
             ("the third is frozen before its first event", [one, two, at_start])]
    state, arrivals = bytes(32), []
    for log, seq, h, _ in (one, two, one):
        state = H("arrive", state, log, u64(seq), h)
        arrivals.append({"log_id": log.hex(), "first": seq, "last_h": h.hex(),
                         "hash": state.hex()})
    return {"about": "format 1: frontier digests of a shelf, and the running arrival hash",
            "fronts": [{"name": name,
                        "logs": [{"log_id": log.hex(), "seq": seq, "h": h.hex(),
                                  "frozen": bool(is_frozen)} for log, seq, h, is_frozen in logs],
                        "digest": front(logs).hex()} for name, logs in cases],
            "arrivals": arrivals}


# ---- writing and checking --------------------------------------------------------------------

FILES = {"header": header_file, "chain": chain_file, "boundary": boundary_file, "seal": seal_file,
         "range": range_file, "record_ids": record_ids_file, "keys": keys_file,
         "invite": invite_file, "control": control_file, "front": front_file}


def self_test():
    """RFC 8032 section 7.1, test 1; RFC 7748 section 5.2, one iteration; one Wycheproof case."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    assert sign_public(seed).hex().startswith("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325")
    assert sign(seed, b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974")
    nine = bytes([9]) + bytes(31)
    assert x25519_public(nine).hex().startswith("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b78")
    key = bytes.fromhex("303ccb2e1567c3d9f629a5c632dbc62a9a82c525674f67988b31bd1dee990538")
    nonce = bytes.fromhex("05188738844ab90a8b11beef38eaec3e100d8f4f85ae7a41")
    assert xaead_seal(key, nonce, b"b").hex() == "45d15734f984d749fa3f0550a70c43dddf"


def dump(content):
    return json.dumps(content, indent=1, ensure_ascii=True) + "\n"


def quoted_hex(page):
    return set(re.findall(r"\b[0-9a-f]{16,}\b", page))


def check(files):
    wrong = [name for name, text in files.items() if (HERE / name).read_text() != text]
    everything = "".join(path.read_text().lower() for path in HERE.glob("*.json"))
    wrong += [h for h in sorted(quoted_hex(PAGE.read_text())) if h not in everything]
    for name in wrong:
        print("differs:", name)
    return 1 if wrong else 0


def main():
    self_test()
    files = {name + ".json": dump(make()) for name, make in FILES.items()}
    if sys.argv[1:] == ["--check"]:
        return check(files)
    for name, text in files.items():
        (HERE / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
