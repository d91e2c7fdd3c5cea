#!/usr/bin/python3
"""What libsinsp makes of public captures, beside what scapread makes of them: filters and values of fields.

usage: shared_filters.py [--values] SOURCE-ROOT BUILD-ROOT

The captures and what libsinsp says of them are not ours: they are looked for in ../shared beside the checkout, and
without them all is skipped. Where we differ on purpose stands, with the reason, in filter_differences.tsv and
value_differences.tsv; any other difference fails, and so does a row there that is no longer needed.
Output is TAP.
"""
import collections
import fnmatch
import gzip
import hashlib
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LINE = "%evt.rawtime %thread.tid %evt.type"

# Artefacts of how the goldens were made, as their README lists them.
ARTEFACTS = """evt.num evt.reltime* evt.latency* evt.wait_latency evt.hostname evt.deltatime* util.cnt proc.ppid.duration
proc.ppid.ts proc.exe_ino.ctime_duration_* thread.cpu* thread.exectime thread.totexectime""".split()
# There they are raw nanoseconds, all the same; how they are written is in the goldens of lines.
ARTEFACTS += "evt.time evt.time.s evt.time.iso8601 evt.datetime evt.datetime.s evt.outputtime".split()


def rows(path):
    """Cells of the lines of a .tsv; # begins a comment."""
    with open(path, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                yield line.rstrip("\n").split("\t")


class Tap:
    def __init__(self):
        self.n = self.bad = 0

    def check(self, ok, name, *why):
        self.n += 1
        self.bad += not ok
        print("%s %d - %s" % ("ok" if ok else "not ok", self.n, name))
        for line in why if not ok else ():
            print("# " + str(line))

    def end(self):
        print("1..%d" % self.n)
        return self.bad > 0


def check_fields(tap, root, shared):
    ours = {row[0] for row in rows(root / "filters/fields.tsv")}
    absent = {row[0]: row[1] for row in rows(root / "filters/fields_absent.tsv")}
    theirs = [row[1] for row in rows(shared / "facts/fields.tsv")][1:]
    lost = [f for f in theirs if f not in ours and f not in absent]
    tap.check(not lost, "%d of %d fields are there, the others have a reason" % (
        sum(f in ours for f in theirs), len(theirs)), *lost)
    tap.check(not ours & (set(absent) - {"name"}), "no field is there and absent", ours & set(absent))


def check_refused(tap, scapread, shared):
    accepted = {row[0] for row in rows(HERE / "filters_accepted.tsv")}
    for row in rows(shared / "golden/filters-reject.tsv"):
        run = subprocess.run([scapread, "--check-filter", row[0]], capture_output=True, text=True, check=False)
        lines = run.stderr.split("\n")
        if row[0] in accepted:
            tap.check(run.returncode == 0, "accepted: " + row[0], run.stderr)
        else:
            tap.check(run.returncode == 2 and len(lines) >= 3 and lines[2].endswith("^"), "refused: " + row[0],
                      run.stderr)


def check_filters(tap, scapread, shared):
    known = {(row[0], row[1]): row[2] for row in rows(HERE / "filter_differences.tsv")}
    by_filter = collections.defaultdict(list)
    needed = set()
    for flt, name, count, want in rows(shared / "golden/filters.tsv"):
        run = subprocess.run([scapread, "-D", "-r", str(shared / "captures" / (name + ".scap")), "-p", LINE, flt],
                             capture_output=True, check=False)
        out = [line for line in run.stdout.decode(errors="replace").split("\n") if line]
        if hashlib.sha1("\n".join(out).encode()).hexdigest() == want:
            by_filter[flt].append(None)
        elif (flt, name) in known or (flt, "*") in known:
            needed |= {(flt, name), (flt, "*")} & set(known)
            by_filter[flt].append(None)
        else:
            by_filter[flt].append("%s: %d for %s %s" % (name, len(out), count, run.stderr.decode()[:100]))
    for flt, differences in by_filter.items():
        tap.check(not any(differences), flt, *filter(None, differences))
    unneeded = set(known) - needed
    tap.check(not unneeded, "every known difference of filters is one", *unneeded)


def is_known(known, field, name):
    for pattern, capture in known:
        if fnmatch.fnmatchcase(field, pattern) and fnmatch.fnmatchcase(name, capture):
            return pattern, capture
    return None


def by_event(lines):
    events = collections.defaultdict(collections.deque)
    for line in lines:
        event = json.loads(line)
        events[event["evt.rawtime"], event["thread.tid"], event["evt.type"]].append(event)
    return events


def dots(text):
    """A buffer as text: what cannot be shown is a dot."""
    return "".join(chr(c) if 0x20 <= c <= 0x7e else "." for c in text.encode(errors="surrogateescape"))


def same(field, want, have):
    """JSON of libsinsp has texts where ours has numbers and lists."""
    if isinstance(have, list):
        return " ".join(map(str, have)).strip() == str(want or "").strip()
    if field == "fd.dev" and isinstance(want, str):
        want = int(want, 16)
    if field == "evt.buffer" and isinstance(have, str):
        have = dots(have)
    if isinstance(want, float):
        return isinstance(have, (int, float)) and abs(want - have) < 0.051
    return want == have


def check_values(tap, scapread, shared):
    known = {(row[0], row[1]): row[2] for row in rows(HERE / "value_differences.tsv")}
    fields = [word.strip("*%") for word in (shared / "golden/format_all_fields.txt").read_text().split()]
    fields = [f for f in fields if not any(fnmatch.fnmatchcase(f, a) for a in ARTEFACTS)]
    absent = {row[0] for row in rows(HERE.parent.parent / "filters/fields_absent.tsv")}
    needed = set()
    for golden in sorted((shared / "golden").glob("*.allfields.jsonl.gz")):
        name = golden.name.split(".")[0]
        asked = [f for f in fields if f not in absent]
        run = subprocess.run([scapread, "-D", "-j", "-r", str(shared / "captures" / (name + ".scap")), "-p",
                              "*" + " ".join("%" + f for f in asked)], capture_output=True, check=False)
        have = by_event(run.stdout.decode(errors="surrogateescape").splitlines())
        n = wrong = missing = 0
        example = {}
        per_field = collections.Counter()
        with gzip.open(golden, "rt", errors="surrogateescape") as lines:
            for line in lines:
                want = json.loads(line)
                queue = have.get((want["evt.rawtime"], want["thread.tid"], want["evt.type"]))
                if not queue:
                    missing += 1
                    continue
                event = queue.popleft()
                for field in asked:
                    n += 1
                    if same(field, want.get(field), event.get(field)):
                        continue
                    key = is_known(known, field, name)
                    if key:
                        needed.add(key)
                        continue
                    wrong += 1
                    per_field[field] += 1
                    example.setdefault(field, "want %r have %r at %s %s" % (
                        want.get(field), event.get(field), want["evt.rawtime"], want["evt.type"]))
        tap.check(not wrong and not missing, "%s: %d values" % (name, n),
                  "%d events are missing, %d values differ" % (missing, wrong), run.stderr.decode()[:300],
                  *("%s: %d, %s" % (f, k, example[f]) for f, k in per_field.most_common()))
    unneeded = set(known) - needed
    tap.check(not unneeded, "every known difference of values is one", *unneeded)


def main():
    arguments = sys.argv[1:]
    values = arguments[0] == "--values"
    root, build = (pathlib.Path(a).resolve() for a in arguments[values:])
    shared = root.parent / "shared"
    if not (shared / "golden/filters.tsv").exists():
        print("1..0 # SKIP the public captures are not beside the checkout (%s)" % shared)
        return 0
    tap = Tap()
    scapread = str(build / "scapread")
    if values:
        check_values(tap, scapread, shared)
    else:
        check_fields(tap, root, shared)
        check_refused(tap, scapread, shared)
        check_filters(tap, scapread, shared)
    return tap.end()


sys.exit(main())
