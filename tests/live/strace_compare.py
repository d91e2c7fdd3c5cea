#!/usr/bin/python3
"""Compares what strace -f printed with what scapread --strace=-f prints, process by process, line by line.

usage: strace_compare.py compare PROGRAM ENGINE STRACE... OURS        numbers of lines and the differences, as JSON
       strace_compare.py reaches SHARES JSON                           whether a program is equal enough
       strace_compare.py report [--update] SHARES REPORT JSON...      judges them; writes both anew

Times, process numbers and addresses are made comparable; a call whose line was cut in two is put together. Of several
runs of strace the one that is most like ours counts.
Every difference has a class, and every class a reason (CLASSES).
"""
import collections
import difflib
import json
import re
import sys

PROGRAMS = "ls cat cp tar curl python git gcc bash nginx redis threads".split()
CLASSES = {
    "structure": "the structure behind the pointer is not recorded: {...}",
    "address": "the address is not recorded: 0x?",
    "number": "the number is not recorded: ?",
    "partly": "only some members of the structure are recorded",
    "environment": "the environment is not recorded unless asked for; its address never is",
    "data": "the same number of other bytes: what was written or read holds times, numbers of files, random bytes",
    "waiting": "how long is waited is computed from the clock",
    "result": "the call returned something else in the other run",
    "only strace": "a call that only strace's run made: waiting, polling, races between threads; and signals that nobody "
                   "handles (SIGCHLD): the kernel delivers them to programs that are traced, and drops them else",
    "only ours": "a call that only our run made: waiting, polling, races between threads",
    "other": "the text differs",
}
PLACEHOLDERS = (("0x? /*", "environment"), ("{...}", "structure"), ("0x?", "address"), ("...}", "partly"), ("?", "number"))
LINE = re.compile(r"^(\d+) +(.*)$")
RESUMED = re.compile(r"^<\.\.\. (\S+) resumed>(.*)$")
MADE = re.compile(r"^(?:clone3?|v?fork)\(.* = (\d+)$")


class Run:
    """Lines of each process, whose names say whose child each is: 1.2 is the second child of the first."""

    def __init__(self, path):
        self.lines = collections.OrderedDict()
        self.cut = collections.defaultdict(set)
        begun = {}
        order = []
        for raw in open(path, encoding="latin-1"):
            match = LINE.match(raw.rstrip("\n"))
            if not match:
                continue
            pid, text = match.groups()
            if pid not in self.lines:
                self.lines[pid] = []
            if text.endswith(" <unfinished ...>"):
                begun[pid] = text[:-len(" <unfinished ...>")]
                order.append((pid, len(self.lines[pid])))
                self.lines[pid].append(text)
                continue
            match = RESUMED.match(text)
            if match and pid in begun:
                self.cut[pid].add(len(self.lines[pid]) - 1)
                self.lines[pid][-1] = begun.pop(pid) + match.group(2)
                continue
            self.lines[pid].append(text)
        self.names = {}
        self.name_all()

    def name_all(self):
        made = collections.defaultdict(list)
        for pid, lines in self.lines.items():
            for text in lines:
                match = MADE.match(text)
                if match:
                    made[pid].append(match.group(1))
        waiting = [(next(iter(self.lines), None), "1")]
        while waiting:
            pid, name = waiting.pop()
            self.names[pid] = name
            waiting += [(child, f"{name}.{i + 1}") for i, child in enumerate(made[pid])
                        if child not in self.names]

    def normal(self, pid, index):
        original = text = self.lines[pid][index]
        text = re.sub(r"\b\d+\b", lambda m: f"P{self.names[m.group()]}" if m.group() in self.names else m.group(), text)
        text = re.sub(r"\b0x[0-9a-f]{6,16}\b", "ADDRESS", text)
        text = re.sub(r"(tv_n?u?sec|st_[amc]time|st_[amc]time_nsec|stx_[amc]time|_utime|_stime)=[-\d]+", r"\1=T", text)
        text = re.sub(r"/\* \d{4}-\d\d-\d\dT[^*]*\*/", "/* T */", text)
        text = re.sub(r"\bcc[A-Za-z0-9]{6}\b", "ccXXXXXX", text)
        text = re.sub(r"^(getppid|getpgrp|getpgid|getsid)(\(.*\) += )\d+$", r"\1\2PROCESS", text)
        if text.startswith("sysinfo({"):
            text = re.sub(r"=(\d+|\[[\d, ]+\])", "=N", text)
        text = re.sub(r"\bhtons\((3276[89]|327[7-9]\d|32[89]\d\d|3[3-9]\d{3}|[4-6]\d{4})\)", "htons(PORT)", text)
        text = re.sub(r'^getrandom\("[^"]*"', 'getrandom("RANDOM"', text)
        # where it was cut in two, or has another width now, the column of the result tells nothing
        return loose(text) if index in self.cut[pid] or text != original else text

    def processes(self):
        return {self.names[pid]: ([self.normal(pid, i) for i in range(len(lines))], self.cut[pid])
                for pid, lines in self.lines.items() if pid in self.names}


def arguments(text):
    """name, [arguments], result of a call's line; None: it is none."""
    match = re.match(r"^(\w+)\((.*)\) +(= .*)$", text)
    if not match:
        return None
    parts, depth, quoted, begin, body = [], 0, False, 0, match.group(2)
    at = 0
    while at < len(body):
        c = body[at]
        if quoted:
            at += c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif body.startswith(", ", at) and depth == 0:
            parts.append(body[begin:at])
            begin = at + 2
        at += 1
    return match.group(1), parts + [body[begin:]], match.group(3)


def loose(text):
    return re.sub(r"\) += ", ") = ", text)


def classes_of(one, two):
    """Classes of the differences between two lines of the same call."""
    a, b = arguments(one), arguments(two)
    if not a or not b:
        return {"other"}
    found = set()
    if len(a[1]) != len(b[1]):
        found.add(next((c for mark, c in PLACEHOLDERS if any(mark in p for p in b[1])), "other"))
    else:
        for left, right in zip(a[1], b[1]):
            if left != right:
                if a[0] in ("epoll_wait", "epoll_pwait", "poll") and left.isdigit() and right.isdigit():
                    found.add("waiting")
                    continue
                bare, bare_left = (re.sub(r'"(?:[^"\\]|\\.)*"', '""', text) for text in (right, left))
                found.add(next((c for mark, c in PLACEHOLDERS if mark in bare), "data" if bare == bare_left and
                               a[0] in ("read", "write", "pread64", "pwrite64") and a[2] == b[2] else "other"))
    if a[2] != b[2]:
        found.add("result")
    return found or {"other"}


def same_call(one, two):
    return one.split("(")[0] == two.split("(")[0]


def align(a, b):
    """Pairs of lines, None where one has no partner: equal ones first, then those of the same call between them."""
    for op, i, j, k, n in difflib.SequenceMatcher(None, a, b, False).get_opcodes():
        if op == "equal":
            yield from zip(range(i, j), range(k, n))
            continue
        names = [[t.split("(")[0] for t in x] for x in (a[i:j], b[k:n])]
        for op2, i2, j2, k2, n2 in difflib.SequenceMatcher(None, *names, False).get_opcodes():
            if op2 == "equal":
                yield from zip(range(i + i2, i + j2), range(k + k2, k + n2))
            else:
                yield from ((x, None) for x in range(i + i2, i + j2))
                yield from ((None, x) for x in range(k + k2, k + n2))


def compare(strace, ours):
    one, two = Run(strace).processes(), Run(ours).processes()
    equal = n_one = n_two = 0
    kinds = collections.OrderedDict()

    def note(kind, left, right):
        entry = kinds.setdefault(kind, {"n": 0, "strace": left, "ours": right, "calls": {}})
        call = re.split(r"[( ]", left or right)[0]
        entry["n"] += 1
        entry["calls"][call] = entry["calls"].get(call, 0) + 1

    for name in list(one) + [n for n in two if n not in one]:
        a, cut_a = one.get(name, ([], ()))
        b, cut_b = two.get(name, ([], ()))
        n_one += len(a)
        n_two += len(b)
        for i, k in align([loose(t) for t in a], [loose(t) for t in b]):
            if i is None:
                note("only ours", "", b[k])
            elif k is None:
                note("only strace", a[i], "")
            else:
                left, right = a[i], b[k]
                if i in cut_a or k in cut_b:
                    left, right = loose(left), loose(right)
                if left == right:
                    equal += 1
                else:
                    for kind in classes_of(left, right):
                        note(kind, left, right)
    return {"equal": equal, "strace": n_one, "ours": n_two, "kinds": kinds}


# ---- the report ----

HEAD = """# Line by line against strace -f

Made by `UPDATE=yes tests/live/strace_compare.sh BUILD-FOLDER`; the test `strace_compare` fails below the shares of
`strace_shares.tsv`. Twelve programs run under `strace -f -o FILE` (6.1) and under `scapcap`, whose file
`scapread --strace=-f` prints; without random addresses, in the same folder, with the same environment. Process by process,
lines are equal when they are the same characters after times, process numbers and addresses were made comparable.
A share is the equal lines of the larger number of lines. *strace itself* is what a second run of strace has equal with
the first one: what is missing there is chance.
"""


def share(result):
    return 100.0 * result["equal"] / max(result["strace"], result["ours"], 1)


def cell(text, most=150):
    return "`" + (text if len(text) <= most else text[:most] + "…").replace("|", "\\|").replace("`", "'") + "`" if text else ""


def calls_of(entry):
    rows = sorted(entry["calls"].items(), key=lambda row: (-row[1], row[0]))
    return ", ".join(f"{name} {n}" for name, n in rows[:6]) + (", ..." if len(rows) > 6 else "")


def report(results, path):
    engines = [e for e in ("bpf", "ptrace") if any(e in r for r in results.values())]
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEAD + "\n| program | lines | strace itself |" + "".join(f" {e} |" for e in engines) + "\n|---|---|---|" +
                "---|" * len(engines) + "\n")
        for name, r in results.items():
            f.write(f"| {name} | {r['strace']['strace']} | {share(r['strace']):.1f} % |" +
                    "".join(f" {share(r[e]):.1f} % |" if e in r else " |" for e in engines) + "\n")
        for engine in engines:
            f.write(f"\n## Differences, {engine} engine\n\n| class | lines | calls | reason | strace | ours |\n"
                    "|---|---|---|---|---|---|\n")
            united = {}
            for r in results.values():
                for kind, entry in r.get(engine, {"kinds": {}})["kinds"].items():
                    u = united.setdefault(kind, {"n": 0, "calls": collections.Counter(), "strace": entry["strace"],
                                                 "ours": entry["ours"]})
                    u["n"] += entry["n"]
                    u["calls"].update(entry["calls"])
            for kind, u in sorted(united.items(), key=lambda row: -row[1]["n"]):
                f.write(f"| {kind} | {u['n']} | {calls_of(u)} | {CLASSES[kind]} | {cell(u['strace'])} | "
                        f"{cell(u['ours'])} |\n")


def shares_read(path):
    try:
        with open(path, encoding="utf-8") as f:
            rows = [line.rstrip("\n").split("\t") for line in f if not line.startswith(("#", "program"))]
    except FileNotFoundError:
        rows = []
    return {(name, engine): float(least) for name, engine, least in rows}


def shares_write(path, results):
    with open(path, "w", encoding="utf-8") as f:
        f.write("# At least so many lines of a hundred are strace's; a little below what was reached, for what is chance.\n"
                "program\tengine\tleast\n")
        for name, r in results.items():
            for engine in ("bpf", "ptrace"):
                if engine in r:
                    noise = 100 - share(r["strace"])
                    f.write(f"{name}\t{engine}\t{max(0.0, share(r[engine]) - 1 - 2 * noise):.1f}\n")


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def least_of(least, result):
    return least.get((result["name"], result["engine"]), 101.0)


def judge(update, shares, path, files):
    results = {}
    for one in map(load, files):
        results.setdefault(one["name"], {})[one["engine"]] = one
    results = {name: results[name] for name in PROGRAMS if name in results}
    if update:
        report(results, path)
        shares_write(shares, results)
    least = shares_read(shares)
    wrong = False
    for name, r in results.items():
        for engine in ("strace", "bpf", "ptrace"):
            if engine not in r:
                continue
            reached = share(r[engine])
            print(f"measured - {name}, {engine}: {r[engine]['equal']} of {r[engine]['strace']} lines, {reached:.1f} %")
            if engine != "strace" and reached < least_of(least, r[engine]):
                print(f"WRONG: {name}, {engine}: {reached:.1f} % equal lines, not {least_of(least, r[engine])}")
                wrong = True
    return wrong


def main():
    if sys.argv[1] == "compare":
        name, engine, *strace, ours = sys.argv[2:]
        print(json.dumps({"name": name, "engine": engine, **max((compare(path, ours) for path in strace), key=share)}, indent=1))
        return 0
    if sys.argv[1] == "reaches":
        shares, path = sys.argv[2:]
        return share(load(path)) < least_of(shares_read(shares), load(path))
    words = sys.argv[2:]
    update = words[0] == "--update"
    shares, path, *files = words[update:]
    return judge(update, shares, path, files)


sys.exit(main())
