#!/usr/bin/python3
"""scapread --strace beside strace -f, line by line, on programs that do the same each time.

usage: strace_lines.py BUILD-ROOT [--show NAME]

Times, pids and addresses are normalised, "unfinished" and "resumed" put together, threads compared one by one in the
order in which they were made. A line of ours is

    equal       to strace's
    unknown     the same but for what a capture does not hold: 0x? {...} ? stand for anything
    other       the same call with other arguments or another result
    missing     strace has one more; extra: we have one more

Output is TAP: a program fails when less than LEAST per cent of its lines are equal but for what was not recorded. --show
prints all other differences of a program. The capture is made by whatever engine may be used here.
"""
import collections
import difflib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LEAST = 95          # per cent equal or unknown
PROGRAMS = {
    "cat": ["cat", "/etc/passwd"],
    "ls": ["ls", "-l", "/usr/bin"],
    "cp": ["cp", "/etc/passwd", "copy"],
    "tar": ["tar", "cf", "x.tar", "-C", "/etc", "passwd", "group", "hosts"],
    "python": ["/usr/bin/python3", "-c", "import json; print(json.dumps([1]))"],
    "bash": ["bash", "-c", "ls /nonexistent; echo one | cat; (exit 3); true"],
    "fails": ["cat", "/nonexistent"],
}
LINE = re.compile(r"^(\d+) +(.*)$")
UNFINISHED = re.compile(r"^(.*?) ?<unfinished \.\.\.>$")
RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
# where we have a mark, strace may have anything
MARKS = re.compile(r"0x\?|\{\.\.\.\}|\.\.\.\}|\?|\bADDR\b")


def threads(text):
    """[[line...]...]: whole lines of each thread, without its id; threads in the order of their ids."""
    found, begun = collections.OrderedDict(), {}
    for line in text.splitlines():
        m = LINE.match(line)
        if not m:
            continue
        tid, words = m.groups()
        lines = found.setdefault(tid, [])
        if UNFINISHED.match(words):
            begun[tid] = UNFINISHED.match(words).group(1)
            continue
        m = RESUMED.match(words)
        if m and tid in begun:
            words = begun.pop(tid).rstrip() + m.group(2)
        lines.append(words)
    order = sorted(found, key=int)      # ids are given in the order of creation
    pids = {tid: "PID%d" % n for n, tid in enumerate(order)}
    return [[normalise(line, pids) for line in found[tid]] for tid in order]


def normalise(line, pids):
    line = re.sub(r"\s+=\s+", " = ", line)
    line = re.sub(r",\s*", ", ", line)
    line = re.sub(r"\b0x[0-9a-f]{6,}\b", "ADDR", line)
    line = re.sub(r"\b\d+\b", lambda m: pids.get(m.group(), m.group()), line)
    line = re.sub(r'^getrandom\("[^"]*"', 'getrandom("RANDOM"', line)
    line = re.sub(r"si_[us]time=\d+", "si_time=T", line)
    return line


def fits(ours, theirs):
    """Whether strace's line is ours with something in the place of our marks."""
    pattern = ".*".join(re.escape(piece) for piece in MARKS.split(ours))
    return re.fullmatch(pattern, theirs) is not None


def call(line):
    return re.split(r"[( ]", line, maxsplit=1)[0]


def compare(theirs, ours, report):
    """Counts of one thread's lines, by kind."""
    counts = collections.Counter()
    names = [[call(line) for line in side] for side in (theirs, ours)]
    for tag, a, b, c, d in difflib.SequenceMatcher(None, *names, autojunk=False).get_opcodes():
        if tag == "equal":
            for one, other in zip(theirs[a:b], ours[c:d]):
                kind = "equal" if one == other else "unknown" if fits(other, one) else "other"
                counts[kind] += 1
                if kind == "other":
                    report.append(("other " + call(one), one, other))
            continue
        counts["missing"] += b - a
        counts["extra"] += d - c
        report += [("missing " + call(line), line, "") for line in theirs[a:b]]
        report += [("extra " + call(line), "", line) for line in ours[c:d]]
    return counts


def run(argv, folder):
    done = subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, check=False)
    return done.stderr.decode(errors="replace")


def measure(build, command, folder, report):
    if command[0] == "cp":
        run(command, folder)
    words = run(["setarch", "-R", "strace", "-f", "-o", "theirs"] + command, folder)
    theirs = (folder / "theirs").read_text(errors="replace")
    words += run(["setarch", "-R", str(build / "scapcap"), "-q", "--structures", "-w", "x.scap", "--"] + command, folder)
    if not (folder / "x.scap").exists():
        sys.exit("scapcap: " + words)
    ours = subprocess.run([str(build / "scapread"), "-r", "x.scap", "--strace=-f"], cwd=folder, check=True,
                          stdout=subprocess.PIPE).stdout.decode(errors="replace")
    theirs, ours = threads(theirs), threads(ours)
    counts = collections.Counter()
    for n in range(max(len(theirs), len(ours))):
        counts += compare(theirs[n] if n < len(theirs) else [], ours[n] if n < len(ours) else [], report)
    return counts


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    missing = [tool for tool in ("strace", "setarch") if not shutil.which(tool)]
    if missing:
        print("1..0 # SKIP not installed: %s" % ", ".join(missing))
        return 0
    show = sys.argv[3:] if sys.argv[2:3] == ["--show"] else []
    print("1..%d" % len(PROGRAMS))
    failed = 0
    for number, (name, command) in enumerate(PROGRAMS.items(), 1):
        report = []
        with tempfile.TemporaryDirectory(prefix="scapkit-strace-") as folder:
            counts = measure(build, command, pathlib.Path(folder), report)
        total = sum(counts.values())
        good = 100 * (counts["equal"] + counts["unknown"]) / total
        ok = good >= LEAST
        failed += not ok
        print("%s %d - %s: %d lines, %.1f %% equal, %.1f %% but for what was not recorded; %s" %
              ("ok" if ok else "not ok", number, name, total, 100 * counts["equal"] / total, good,
               ", ".join("%s %d" % kind for kind in sorted(counts.items()))))
        if name in show or (not ok and not show):
            for what, one, other in report[:200]:
                print("# %s\n#   strace: %s\n#   ours:   %s" % (what, one, other))
    return 1 if failed else 0


sys.exit(main())
