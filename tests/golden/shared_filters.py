#!/usr/bin/python3
"""What filters select of public captures: scapread beside libsinsp. Values are compared in tests/interop/genuine.py.

usage: shared_filters.py SOURCE-ROOT BUILD-ROOT

The captures and what libsinsp says of them are not ours: they are looked for in ../shared beside the checkout, and
without them all is skipped. Where we differ on purpose stands, with the reason, in filter_differences.tsv; any other
difference fails, and so does a row there that is no longer needed. Output is TAP.
"""
import collections
import hashlib
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LINE = "%evt.rawtime %thread.tid %evt.type"


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


def main():
    root, build = (pathlib.Path(a).resolve() for a in sys.argv[1:])
    shared = root.parent / "shared"
    if not (shared / "golden/filters.tsv").exists():
        print("1..0 # SKIP the public captures are not beside the checkout (%s)" % shared)
        return 0
    tap = Tap()
    scapread = str(build / "scapread")
    check_fields(tap, root, shared)
    check_refused(tap, scapread, shared)
    check_filters(tap, scapread, shared)
    return tap.end()


sys.exit(main())
