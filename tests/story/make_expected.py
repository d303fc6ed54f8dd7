#!/usr/bin/env python3
"""Writes expected.txt: what three halls hold after each chapter of scenario.txt.

    make_expected.py PENGUINS_CSV >expected.txt

Knows nothing of Lumbung's code: it reads the table and the story, and follows docs/format.md 4
and 6 with plain lists. Run by hand when the story changes, never by a test.

Each chapter tells what differs from the one before: a list of what needs a person, then records
with their key, and under each event (when, who) the fields that it still says. `*` marks the value
that is shown where several stand.
"""
import csv
import json
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PEOPLE = ["Siti", "Made", "Wayan"]
STEWARD = "Siti"
KEY = ["studyName", "Sample Number", "Species"]
HOUR = 60
DAY = 24 * HOUR


class Event:
    """One event on one record; saw = the events its author's hall held when it was written."""

    def __init__(self, when, who, record, kind, fields, saw):
        self.when, self.who, self.record, self.kind = when, who, record, kind
        self.fields, self.saw = fields, saw
        self.names = {}  # field -> the siblings that it replaces
        self.drops = set()  # of a keep
        # One clock holder only, so the second greatest is the founding: minute 0.
        newest = max([0] + [e.when for e in saw if e.who == STEWARD and e.sane])
        self.sane = -DAY <= when <= newest + 400 * DAY


def siblings(events, record, field):
    """Live values of a cell among these events, as the events that say them."""
    said = [e for e in events if e.record == record and field in e.fields]
    gone = set()
    for e in said:
        gone |= e.names.get(field, set())
        gone |= {o for o in said if o.who == e.who and o in e.saw}
    return [e for e in said if e not in gone]


def life(events, record):
    mine = [e for e in events if e.record == record]
    drops = [e for e in mine if e.kind == "drop"]
    if not drops:
        return ""
    seen = set().union(*[{o for o in d.saw if o.record == record} for d in drops])
    if all(e in seen for e in mine if e.kind != "drop"):
        return "deleted"
    kept = set().union(*[e.drops for e in mine])
    return "deleted but edited" if any(d not in kept for d in drops) else ""


def shown(said):
    best = max(said, key=lambda e: (e.sane, e.when))
    ties = [e for e in said if (e.sane, e.when) == (best.sane, best.when)]
    assert len(ties) == 1, "the story must not leave it to hashes"
    return best


class Halls:
    def __init__(self):
        self.held = {person: [] for person in PEOPLE}

    def write(self, when, who, record, kind, fields):
        held = self.held[who]
        event = Event(when, who, record, kind, fields, set(held))
        for field in fields:
            event.names[field] = set(siblings(held, record, field))
        if kind == "keep":
            event.drops = {e for e in held if e.record == record and e.kind == "drop"}
        held.append(event)

    def is_there(self, who, record):
        return any(e.record == record for e in self.held[who])

    def meet(self):
        union = []
        for person in PEOPLE:
            union += [e for e in self.held[person] if e not in union]
        self.held = {person: list(union) for person in PEOPLE}

    def all(self):
        return self.held[PEOPLE[0]]


# ---- values ----

def typed(cell):
    """CSV in (docs/format.md 4); None when the cell says nothing."""
    if cell == "":
        return None
    if re.fullmatch(r"0|-?[1-9][0-9]*", cell) and -2**63 <= int(cell) < 2**63:
        return int(cell)
    if re.fullmatch(r"-?(0|[1-9][0-9]*)\.[0-9]+", cell) and repr(float(cell)) == cell:
        return float(cell)
    return cell


def value_text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value + '"'
    return repr(value)


def minute_text(minute):
    return "d%d %02d:%02d" % (minute // DAY, minute % DAY // HOUR, minute % HOUR)


# ---- telling ----

def tell_record(events, key):
    state = life(events, key)
    lines = ["penguins  " + " | ".join(key) + (", " + state if state else "")]
    fields = sorted({f for e in events if e.record == key for f in e.fields},
                    key=lambda f: f.encode())
    told = {}
    for field in fields:
        said = siblings(events, key, field)
        best = shown(said)
        for e in said:
            mark = " *" if len(said) > 1 and e is best else ""
            line = "    %s: %s%s" % (field, value_text(e.fields[field]), mark)
            told.setdefault((e.when, PEOPLE.index(e.who)), []).append(line)
    for when, who in sorted(told):
        lines.append("  %s %s" % (minute_text(when), PEOPLE[who]))
        lines += told[when, who]
    return "\n".join(lines) + "\n"


def tell_conflicts(events, keys):
    lines = []
    for key in keys:
        name = " | ".join(key)
        fields = sorted({f for e in events if e.record == key for f in e.fields})
        if life(events, key) == "deleted":
            continue
        for field in fields:
            said = siblings(events, key, field)
            if len({value_text(e.fields[field]) for e in said}) > 1:
                lines.append("! %s: %s differs\n" % (name, field))
        if life(events, key):
            lines.append("! %s: deleted but edited\n" % name)
    return "".join(sorted(lines))


def settle_all(halls, when, who, keys):
    held = halls.held[who]
    for key in keys:
        fields = {}
        for field in {f for e in held if e.record == key for f in e.fields}:
            said = siblings(held, key, field)
            if len({value_text(e.fields[field]) for e in said}) > 1:
                fields[field] = shown(said).fields[field]
        state = life(held, key)
        if fields and state != "deleted":
            halls.write(when, who, key, "set", fields)
        if state == "deleted but edited":
            halls.write(when, who, key, "keep", {})


def import_rows(halls, rows, when, who, island, study):
    for row in rows:
        if row["Island"] != island or study not in ("", row["studyName"]):
            continue
        key = tuple(row[k] for k in KEY)
        if not halls.is_there(who, key):  # nobody imports twice what changed since
            fields = {f: typed(v) for f, v in row.items() if typed(v) is not None}
            halls.write(when, who, key, "make", fields)


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = sorted((tuple(row[k] for k in KEY) for row in rows),
                  key=lambda k: "\x1f".join(k).encode())
    assert len(set(keys)) == len(rows)
    halls, before = Halls(), {}
    for line in open(os.path.join(HERE, "scenario.txt"), encoding="utf-8"):
        if line.startswith("#"):
            continue
        time, who, verb, *about = line.rstrip("\n").split("\t")
        day, hour, minute = map(int, re.fullmatch(r"d(\d+) (\d+):(\d+)", time).groups())
        when = day * DAY + hour * HOUR + minute
        key = tuple(about[0].split("|")) if about else ()
        if verb == "import":
            import_rows(halls, rows, when, who, about[0], about[1] if len(about) > 1 else "")
        elif verb == "set":
            halls.write(when, who, key, "set", json.loads(about[1]))
        elif verb in ("delete", "resolve delete"):
            halls.write(when, who, key, "drop", {})
        elif verb == "resolve all":
            settle_all(halls, when, who, keys)
        elif verb == "meet":
            halls.meet()
        elif verb == "expect":
            sys.stdout.write("== " + about[0] + "\n" + tell_conflicts(halls.all(), keys))
            for key in keys:
                text = tell_record(halls.all(), key)
                if before.get(key) != text:
                    sys.stdout.write(text)
                before[key] = text
        else:
            sys.exit("what is " + verb + "?")


if __name__ == "__main__":
    main()
