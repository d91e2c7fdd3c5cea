#!/usr/bin/python3
"""Genuine captures of others are read as libsinsp reads them, but for the differences that differences.tsv lists.

usage: genuine.py BUILD-ROOT [--update]      TAP on standard output; --update counts the differences anew

The captures, and what libsinsp makes of them, stand in ../shared beside the checkout (or SCAPKIT_SHARED); without
them there is nothing to compare. For each capture:
  bytes    every event and every parameter as bytes (golden/*.scapraw.tsv)
  latency  the time from entry to exit is that of the stored pair, for every pair
  text     a line per event with 35 columns (golden/*.text.txt)
  fields   every field of every event, typed (golden/*.allfields.jsonl)
"""
import collections
import gzip
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SHARED = pathlib.Path(os.environ.get("SCAPKIT_SHARED") or HERE.parent.parent.parent / "shared")
LISTED = HERE / "differences.tsv"
# Entry events that libsinsp keeps for itself; here they are part of their calls.
ENTRIES = {2, 22, 58, 292, 306, 326, 330}
# How the goldens were made says nothing about these (../shared/README.md); of times they have the raw number.
NOT_COMPARED = set("""evt.num evt.reltime evt.reltime.s evt.reltime.ns evt.latency evt.latency.s evt.latency.ns
evt.latency.human evt.wait_latency evt.hostname evt.deltatime evt.deltatime.s evt.deltatime.ns util.cnt
proc.ppid.duration proc.ppid.ts proc.exe_ino.ctime_duration_proc_start proc.exe_ino.ctime_duration_pidns_start
thread.cpu thread.cpu.user thread.cpu.system thread.exectime thread.totexectime evt.time evt.time.s
evt.time.iso8601 evt.datetime evt.datetime.s evt.outputtime""".split())


def run(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, timeout=120, check=False,
                          env=dict(os.environ, TZ="UTC"))
    if done.returncode:
        raise SystemExit(f"{words}: status {done.returncode}: {done.stderr.decode(errors='replace')[:300]}")
    return done.stdout.decode("utf-8", "surrogateescape").split("\n")


def golden(name):
    path = SHARED / "golden" / name
    if path.exists():
        return path.read_text(errors="surrogateescape").split("\n")
    path = path.with_name(name + ".gz")
    return gzip.open(path, "rt", errors="surrogateescape").read().split("\n") if path.exists() else None


def capture(name):
    return SHARED / "captures" / (name + ".scap")


def rows_of(lines):
    return [line.split("\t") for line in lines if line]


def check_bytes(build, name):
    want = [r for r in rows_of(golden(name + ".scapraw.tsv")) if r[1].isdigit() and int(r[4]) not in ENTRIES]
    have = rows_of(run(build / "tests/interop/scap_params", capture(name)))
    for w, h in zip(want, have):
        n = int(w[6])
        if w[1:6] != h[1:6] or w[7:] != h[7:7 + n] or any(not p.endswith("=") for p in h[7 + n:]):
            return f"expected {w}, found {h}"
    return None if len(want) == len(have) else f"{len(want)} events expected, {len(have)} found"


def check_latency(build, name):
    entries, pairs = {}, collections.defaultdict(collections.deque)
    for r in rows_of(run(build / "tests/interop/scap_params", "--raw", capture(name))):
        time, tid, type = int(r[1]), r[3], int(r[4])
        if type % 2 == 0 and r[5] not in ("switch", "procinfo", "procexit", "signaldeliver", "page_fault"):
            entries[tid] = type, time
        elif type % 2 and entries.get(tid, (None, 0))[0] == type - 1:
            pairs[r[1], r[2], tid].append(str(time - entries.pop(tid)[1]))
    n = 0
    for r in rows_of(run(build / "tests/interop/scap_params", capture(name))):
        left = pairs[r[1], r[2], r[3]]
        want = left.popleft() if left else "-"
        if r[6] != want:
            return f"latency {r[6]}, not {want}, of {r[:6]}"
        n += want != "-"
    if any(pairs.values()):
        return "pairs without an event"
    print(f"# {name}: {n} pairs")
    return None


def compare(want, have, key, columns, cell):
    """How many cells differ, by column; an example of each."""
    rows, differ, example = collections.defaultdict(collections.deque), collections.Counter(), {}
    for h in have:
        rows[key(h)].append(h)
    for w in want:
        if not rows[key(w)]:
            differ["(event)"] += 1
            continue
        h = rows[key(w)].popleft()
        for c in columns:
            a, b = cell(w, c, False), cell(h, c, True)
            if a != b:
                differ[c] += 1
                example.setdefault(c, f"expected {a!r:.80}, found {b!r:.80} at {key(w)}")
    left = sum(len(q) for q in rows.values())
    if left:
        differ["(event)"] += left
    return differ, example


def text_differences(build, name):
    line = (SHARED / "golden/format_text.txt").read_text().strip()
    columns = [c.strip("*%") for c in line.split("\t")]
    at = {c: i for i, c in enumerate(columns)}
    take = lambda lines: [r for r in (t.split("\t") for t in lines) if len(r) == len(columns)]
    return compare(take(golden(name + ".text.txt")),
                   take(run(build / "scapread", "-D", "-r", capture(name), "-p", line)),
                   lambda r: (r[at["evt.rawtime"]], r[at["thread.tid"]], r[at["evt.type"]]),
                   [c for c in columns if c not in ("evt.num", "evt.reltime")], lambda r, c, ours: r[at[c]])


def field_cell(row, field, ours):
    v = row.get(field)
    if ours and isinstance(v, list):
        v = " ".join(map(str, v)) or None  # theirs are joined
    if ours and field == "evt.buffer" and v is not None:
        v = "".join(chr(b) if 32 <= b < 127 else "." for b in v.encode("utf-8", "surrogateescape"))
    if field == "fd.dev" and isinstance(v, str):
        v = int(v, 16)
    return v


def field_differences(build, name):
    fields = (SHARED / "golden/format_all_fields.txt").read_text().replace("%", " ").strip(" *\n").split()
    known = set()
    for line in run(build / "scapread", "-l", "--json"):
        if line:
            known.add(json.loads(line)["name"])
    columns = [f for f in fields if f not in NOT_COMPARED and f in known]
    want = [json.loads(line) for line in golden(name + ".allfields.jsonl") if line.startswith("{")]
    have = [json.loads(line) for line in
            run(build / "scapread", "-D", "-r", capture(name), "-j", "-p", "*" + " ".join("%" + f for f in columns)) if line]
    return compare(want, have, lambda o: (o["evt.rawtime"], o["thread.tid"], o["evt.type"]), columns, field_cell)


def listed():
    rows = {}
    for line in LISTED.read_text().split("\n"):
        if line and not line.startswith("#"):
            kind, name, field, count, reason = line.split("\t")
            rows[kind, name, field] = int(count), reason
    return rows


def check_differences(kind, name, found, rows):
    differ, example = found
    for field, n in differ.items():
        allowed = rows.get((kind, name, field), (0, ""))[0]
        if n > allowed:
            return f"{field}: {n} cells differ, {allowed} are listed: {example.get(field, '')}"
    for (k, m, field), (n, _) in rows.items():
        if (k, m) == (kind, name) and differ[field] < n:
            print(f"# {name}: {field}: {differ[field]} cells differ, {n} are listed")
    return None


def update(found):
    """Counts anew; the reasons stay, and what is new has to be given one."""
    reasons = {}
    for (kind, _, field), (_, reason) in listed().items():
        reasons.setdefault((kind, field), reason)
    with LISTED.open("r+") as f:
        head = [line for line in f.read().split("\n") if line.startswith("#")]
        f.seek(0)
        f.truncate()
        f.write("\n".join(head) + "\n")
        for (kind, name), (differ, example) in sorted(found.items()):
            for field, n in sorted(differ.items()):
                f.write(f"{kind}\t{name}\t{field}\t{n}\t{reasons.get((kind, field), '? ' + example.get(field, ''))}\n")


def main():
    build = pathlib.Path(sys.argv[1])
    names = sorted(p.stem for p in (SHARED / "captures").glob("*.scap"))
    if not names:
        print(f"1..0 # SKIP no captures of others in {SHARED}")
        return
    rows, found = listed(), {}
    tests = [(kind, name) for name in names for kind in ("bytes", "latency", "text", "fields")
             if kind == "latency" or golden(name + {"bytes": ".scapraw.tsv", "text": ".text.txt",
                                                   "fields": ".allfields.jsonl"}[kind])]
    if "--update" in sys.argv:
        for kind, name in tests:
            if kind in ("text", "fields"):
                found[kind, name] = (text_differences if kind == "text" else field_differences)(build, name)
        update(found)
        return
    print(f"1..{len(tests)}")
    for i, (kind, name) in enumerate(tests, 1):
        if kind in ("bytes", "latency"):
            wrong = (check_bytes if kind == "bytes" else check_latency)(build, name)
        else:
            differences = (text_differences if kind == "text" else field_differences)(build, name)
            wrong = check_differences(kind, name, differences, rows)
        print(f"{'not ' if wrong else ''}ok {i} - {name} {kind}")
        if wrong:
            print("# " + wrong)


if __name__ == "__main__":
    main()
