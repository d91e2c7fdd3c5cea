#!/usr/bin/python3
"""Makes known calls (the calls program) under scapcap and compares every parameter that was recorded.

usage: calls.py PROGRAM SNAPLEN FOLDER SEEN [ENGINE [UNKNOWN]]
       calls.py --compare NOTES CAPTURE
       calls.py --covered SEEN

PATH has scapcap and scapread; FOLDER is an empty one to work in. calls.h says how the program tells what
must be recorded; --compare takes what it told, and the capture, from elsewhere. To SEEN is appended which kinds of parameters were compared; --covered says which of
format/kinds.tsv are not among them, and fails if there are any. UNKNOWN lists what ENGINE is not told
(ptrace_unknown.tsv).
"""
import collections
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "format"))
import generate  # noqa: E402

# Q_GETFMT succeeds only where a file system has quotas on.
NOT_HERE = {("quota", "format")}
# The capture reckons its clock against ours once; how far it may be off.
SLACK_NS = 50000


class Tables:
    def __init__(self):
        self.t = generate.Tables()
        self.calls = {}
        for call in self.t.syscalls:
            for abi, bits in ((0, "64"), (1, "32")):
                if call.numbers[abi] >= 0:
                    self.calls[bits, call.numbers[abi]] = call
        self.events = {}
        for event in self.t.events.values():
            self.events[event.name] = event


def unescape(text):
    raw = re.sub(rb"\\x(..)", lambda m: bytes([int(m.group(1), 16)]), text.encode())
    return raw.decode("utf-8", "surrogateescape")


def number(text):
    try:
        return int(text, 0)
    except ValueError:
        return None


def flags_match(must, value):
    names = set(value["names"])
    given = number(must)
    if given is not None:
        return value["value"] == given
    asked = must.split("|")
    optional = {a[:-1] for a in asked if a.endswith("?")}
    return {a for a in asked if not a.endswith("?")} == names - optional


def address_text(value):
    if "sip" in value:
        return f"{value['sip']}:{value['sport']}->{value['dip']}:{value['dport']}"
    if "source" in value:
        return f"unix:{value['source']}->{value['peer']}:{value['path']}"
    if "ip" in value:
        return f"{value['ip']}:{value['port']}"
    if "path" in value:
        return f"unix:{value['path']}"
    return value["family"]


def address_match(must, value):
    text = address_text(value)
    pattern = re.escape(unescape(must)).replace(r"\*", r"[1-9a-z][^>:]*")
    return re.fullmatch(pattern, text) is not None


def list_match(must, value):
    asked = [unescape(m) for m in must.split(",")]
    return asked == value


def fds_match(must, value):
    asked = must.split(",")
    if len(asked) != len(value):
        return False
    for a, v in zip(asked, value):
        fd, flags = a.split(":")
        if int(fd) != v["fd"] or not flags_match(flags, v["events"]):
            return False
    return True


def number_match(must, value, bits):
    if ".." in must:
        low, high = must.split("..")
        return int(low) <= value <= int(high)
    asked = number(must)
    if asked is None:
        return False
    if asked == value:
        return True
    # Numbers of 32-bit programs are what its registers hold; and signs depend on the type.
    return (asked - value) % (1 << (32 if bits == "32" else 64)) == 0


class Comparer:
    def __init__(self, tables, cgroups):
        self.tables, self.cgroups = tables, cgroups

    def cgroups_match(self, value):
        """Of the hierarchy that a controller is in, our group or (v2) one above it."""
        for entry in value:
            name, path = entry.split("=", 1)
            name = {"io": "blkio"}.get(name, name)
            if name in self.cgroups:
                if self.cgroups[name] != path:
                    return False
            elif not (self.cgroups.get("", "/") + "/").startswith(path.rstrip("/") + "/"):
                return False
        return len(value) > 0

    def match(self, must, value, param, bits):
        if must == "?":
            return True
        if must == "-" or value is None:
            return must == "-" and value is None
        if must == "*":
            return True
        if must == "@cgroups":
            return self.cgroups_match(value)
        if isinstance(value, dict):
            return flags_match(must, value) if "names" in value else address_match(must, value)
        if isinstance(value, list):
            if must == "empty":
                return value == []
            return fds_match(must, value) if value and isinstance(value[0], dict) else list_match(must, value)
        if isinstance(value, bool) or isinstance(value, int):
            return number_match(must, value, bits)
        if must == "empty":
            return value == ""
        if must.startswith("#"):
            return must[1:] == value
        return unescape(must) == value


def short(thing, limit=300):
    text = thing if isinstance(thing, str) else json.dumps(thing)
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text)})"


class Unknown:
    """What an engine is not told: rows of event, parameter, how it shows, why."""

    def __init__(self, path):
        self.rows, self.used = [], set()
        if path:
            with open(path, encoding="utf-8") as f:
                self.rows = [tuple(line.split("\t")[:3]) for line in f if line.strip() and line[0] != "#"]

    def rows_of(self, event, param):
        return [row for row in self.rows if row[0] in ("*", event) and row[1] in ("*", param)]

    def excuses(self, event, param, must, value):
        """Whether value is what is left of what must be, without what cannot be known."""
        for row in self.rows_of(event, param):
            how = row[2]
            if how == "absent" and value is None:
                pass
            elif how == "addresses" and isinstance(value, dict) and value.get("source") == 0 == value.get("peer"):
                path = re.escape(unescape(must.split(":", 2)[2])).replace(r"\*", ".+")
                if not re.fullmatch(path, value["path"]):
                    continue
            elif how == "port":
                # sport of a tuple that has none by the other engine
                if not isinstance(value, dict) or "->" not in must or ":0->" not in must:
                    continue
            elif how.startswith("flag:") and isinstance(value, dict) and "names" in value:
                names = must.split("|")
                if how[5:] not in names or not flags_match("|".join(n for n in names if n != how[5:]) or "0", value):
                    continue
            else:
                continue
            self.used.add(row)
            return True
        return False

    def is_killed(self, event, result):
        for row in self.rows_of(event, "*"):
            if row[2] == "killed" and result is None:
                self.used.add(row)
                return True
        return False


class Note:
    """One line of the program."""

    def __init__(self, line, tables):
        words = line.split()
        self.line = line
        self.tid, self.bits, what = int(words[0]), words[1], words[2]
        self.call = None if self.bits == "-" else tables.calls.get((self.bits, int(what)))
        self.event = self.call.event if self.call else tables.events.get(what)
        self.flags = {f for f in words[3].split(",") if f != "none"}
        if self.bits == "32":
            self.flags.add("compat")
        self.result = int(words[4])
        self.before, self.after = map(int, words[5].split("-"))
        self.params = dict(w.split("=", 1) for w in words[6:])
        self.name = self.event.name if self.event else "syscall"
        self.title = f"{self.call.name if self.call else what}{'' if self.bits == '64' else ' (' + self.bits + ')'}"


class Test:
    def __init__(self, tables, cgroups, unknown=None):
        self.tables = tables
        self.unknown = unknown or Unknown(None)
        self.comparer = Comparer(tables, cgroups)
        self.wrong = []
        self.covered = set()
        self.names = set()
        self.n_params = 0

    def fail(self, note, words):
        self.wrong.append(f"{note.title}: {words}")

    def compare(self, note, event):
        args = dict(event["args"])
        flags = set(event.get("evt.flags", []))
        if self.unknown.is_killed(note.name, event.get("evt.res")):
            return
        if note.event:
            result = note.event.params[note.event.result].name if note.event.result >= 0 else None
            if result and "exit" not in note.name:
                self.result(note, event, args.pop(result, None))
        if flags != note.flags:
            self.fail(note, f"flags {event.get('evt.flags', [])}, must be {sorted(note.flags)}")
        for name, must in note.params.items():
            if name not in args:
                self.fail(note, f"no parameter {name}")
                continue
            value = args.pop(name)
            self.n_params += 1
            if (not self.comparer.match(must, value, None, note.bits) and
                    not self.unknown.excuses(note.name, name, must, value)):
                self.fail(note, f"{name}={short(value)}, must be {short(must)}")
            if value is not None and must not in ("?", "-"):
                self.cover(note, name)
        for name in args:
            self.fail(note, f"nothing said of {name}={short(args[name])}")

    def result(self, note, event, value):
        got = event.get("evt.res")
        if got is None or not number_match(str(note.result), got, note.bits):
            self.fail(note, f"result {got}, must be {note.result}")
        elif value is not None and not isinstance(value, dict) and not number_match(str(got), value, note.bits):
            self.fail(note, f"result {got}, its parameter {value}")

    def cover(self, note, name):
        if not note.call:
            return
        self.names.add(note.call.name)
        for step in note.call.steps:
            if note.event.params[step.param].name == name:
                word = step.kind.words[step.c] if step.kind.words else ""
                self.covered.add((step.kind.name, word, note.bits))

    def run(self, notes, events):
        by_tid = collections.defaultdict(list)
        for event in events:
            if not is_clock_of_program(event):
                by_tid[event["thread.tid"]].append(event)
        clock = clock_difference(notes, by_tid)
        at = collections.Counter()
        for note in notes:
            self.names.add(note.call.name if note.call else note.name)
            rest = by_tid[note.tid]
            i = find(note, rest, at[note.tid], clock)
            if i is None:
                self.fail(note, f"not recorded (thread {note.tid}): {short(note.line, 150)}")
            else:
                at[note.tid] = i + 1
                self.compare(note, rest[i])


def is_clock_of_program(event):
    """Where the vDSO cannot read the clock, the program's own looks at it are calls: never tested ones."""
    clock = event["args"].get("clockid") if event["evt.type"] == "clock_gettime" else None
    return clock is not None and (clock["value"] if isinstance(clock, dict) else clock) == 0


def candidates(note, events, begin):
    """Events that may be of a call by their name and roughly by their time."""
    for i in range(begin, len(events)):
        event = events[i]
        if note.after and event["evt.time"] > note.after + SLACK_NS:
            return
        name = event["evt.type"]
        if (name == note.name or (not note.event and name in ("syscall", "unknown"))) and (
                not note.after or event["evt.time"] > note.before - SLACK_NS):
            yield i


def clock_difference(notes, by_tid):
    """How much the capture's clock is ahead of the program's: from the calls that cannot be mistaken."""
    low, high = [], []
    for note in notes:
        found = list(candidates(note, by_tid[note.tid], 0)) if note.after else []
        if len(found) == 1:
            time = by_tid[note.tid][found[0]]["evt.time"]
            low.append(time - note.after)
            high.append(time - note.before)
    if not low:
        return 0
    return (sorted(low)[len(low) * 98 // 100] + sorted(high)[len(high) * 2 // 100]) // 2


def find(note, events, begin, clock):
    """The event of a call: the one that lies in its time, or comes closest to it."""
    best, distance = None, None
    for i in candidates(note, events, begin):
        if not note.after:
            return i
        time = events[i]["evt.time"] - clock
        far = max(note.before - time, time - note.after, 0)
        if best is None or far < distance:
            best, distance = i, far
    return best


def cgroups_of(lines):
    groups = {}
    for line in lines:
        if line.startswith("# cgroup "):
            _, names, path = line[9:].split(":", 2)
            for name in names.split(","):
                groups[name] = path
    return groups


def capture(program, snaplen, folder, engine):
    file = os.path.join(folder, "calls.scap")
    work = os.path.join(folder, "work")
    os.mkdir(work)
    with open(os.path.join(folder, "notes"), "wb") as out:
        run = subprocess.run(["scapcap", f"--engine={engine}", "-s", snaplen, "-w", file, "--", program, snaplen], cwd=work,
                             stdout=out, stderr=subprocess.PIPE, check=False)
    if run.returncode:
        sys.exit(f"scapcap: status {run.returncode}: {run.stderr.decode()}")
    return os.path.join(folder, "notes"), file


def compared(notes_file, capture_file, unknown=None):
    tables = Tables()
    with open(notes_file, encoding="utf-8") as f:
        lines = f.read().splitlines()
    read = subprocess.run(["scapread", "-r", capture_file, "-j", "-x", "-v"], stdout=subprocess.PIPE, check=True)
    events = [json.loads(line) for line in read.stdout.decode("utf-8", "surrogateescape").splitlines()]
    notes = [Note(line, tables) for line in lines if not line.startswith("#")]
    test = Test(tables, cgroups_of(lines), unknown)
    for line in lines:
        if line.startswith("# cannot "):
            print(f"not tried: {line[9:]}")
    test.run(notes, events)
    for line in test.wrong:
        print("WRONG: " + line)
    print(f"measured - {len(notes)} calls of {len(test.names)} names, {test.n_params} parameters, "
          f"{len(test.wrong)} wrong")
    if not notes:
        print("WRONG: no calls")
    return test


def covered(path):
    tables = Tables()
    with open(path, encoding="utf-8") as f:
        seen = {tuple(line.rstrip("\n").split("\t")) for line in f}
    kinds = {(k, w) for k, w, _ in seen}
    missing = []
    for kind in tables.t.kinds.values():
        if kind.name in ("ret", "absent"):
            continue
        for word in kind.words or [""]:
            if (kind.name, word) not in kinds and (kind.name, word) not in NOT_HERE:
                missing.append(f"{kind.name} {word}".strip())
    print(f"measured - {len(kinds)} kinds and words of kinds seen, {len(missing)} not seen")
    if missing:
        print("WRONG: not seen: " + ", ".join(missing))
    return 1 if missing else 0


def main():
    if sys.argv[1] == "--covered":
        return covered(sys.argv[2])
    if sys.argv[1] == "--compare":
        test = compared(sys.argv[2], sys.argv[3])
    else:
        program, snaplen, folder = os.path.abspath(sys.argv[1]), sys.argv[2], os.path.abspath(sys.argv[3])
        print(f"{os.path.basename(program)}, snaplen {snaplen}")
        engine = sys.argv[5] if len(sys.argv) > 5 else "bpf"
        unknown = Unknown(sys.argv[6] if len(sys.argv) > 6 else None)
        test = compared(*capture(program, snaplen, folder, engine), unknown)
        for row in set(unknown.rows) - unknown.used:
            # What needs privileges to be tried is not tried by everybody.
            # A port shows only beside the other engine (engines.py).
            if os.getuid() == 0 and row[2] != "port":
                test.wrong.append("")
                print("WRONG: excuses nothing: " + " ".join(row))
        with open(sys.argv[4], "a", encoding="utf-8") as f:
            for key in sorted(test.covered):
                f.write("\t".join(key) + "\n")
    return 1 if test.wrong or not test.n_params else 0


if __name__ == "__main__":
    sys.exit(main())
