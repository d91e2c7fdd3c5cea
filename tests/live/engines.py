#!/usr/bin/python3
"""Compares two captures of the same deterministic program, one by each engine, thread by thread.

usage: engines.py BPF-CAPTURE PTRACE-CAPTURE UNKNOWN [SAME]

Times, process numbers and addresses are made comparable; what ptrace is not told is listed in UNKNOWN
(ptrace_unknown.tsv), what differs from run to run under either engine in SAME (engines_differ.tsv). PATH has scapread.
"""
import collections
import difflib
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from calls import Unknown, short  # noqa: E402

# Numbers of processes and threads, as the parameters that hold them are called.
NUMBERS = {"tid", "pid", "ptid", "vtid", "vpid", "pgid", "vpgid", "spid", "dpid", "reaper_tid", "who", "sid", "pgrp",
           "which", "idtype", "ruid"}
FORKS = {"clone", "clone3", "fork", "vfork"}
# Of structures: times, memory and load of the machine, inode numbers, sums of unclean memory.
MEMORY_DIFFERS = re.compile(r"^(tv_|st_[amc]time|stx_[abmc]time|it_|ru_|tms_|loads|uptime|free|shared|buffer|procs|st_ino|stx_ino|"
                            r"st_blocks|stx_blocks|siginfo|timeout|tmo|args|parent_tid|pid)")
ADDRESS = 1 << 24  # what is larger, is one
PORTS = 32768  # what is not lower was not asked for by anybody


def load(path):
    read = subprocess.run(["scapread", "-r", path, "-j", "-x", "-v"], stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in read.stdout.decode("utf-8", "surrogateescape").splitlines()]


def names_of(events):
    """Threads by whose child they are: 1.2 is the second child of the first thread."""
    names, children = {}, collections.Counter()
    for event in events:
        tid = event["thread.tid"]
        if not names:
            names[tid] = "1"
        result = event.get("evt.res")
        if event["evt.type"] in FORKS and isinstance(result, int) and result > 0 and tid in names:
            children[tid] += 1
            names.setdefault(result, f"{names[tid]}.{children[tid]}")
    return names


class Canon:
    def __init__(self, events, ignored):
        self.names = names_of(events)
        self.ignored = ignored
        self.threads = collections.defaultdict(list)
        for event in events:
            if event["thread.tid"] in self.names and (event["evt.type"], "*") not in ignored:
                self.threads[self.names[event["thread.tid"]]].append(self.canonical(event))

    def number(self, name, value):
        if name in ("sport", "dport", "port") and value >= PORTS:
            return "port"
        if name in NUMBERS and value in self.names:
            return f"thread {self.names[value]}"
        if name in NUMBERS and value > 1:
            return "somebody"
        return "address" if abs(value) >= ADDRESS else value

    def value(self, name, value):
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return self.number(name, value)
        if isinstance(value, str) and name in ("data", "msgcontrol", "val"):
            try:
                value = bytes.fromhex(value).decode("latin-1")
            except ValueError:
                pass
            return re.sub(r"\d{4,}", "N", value)
        if isinstance(value, str):
            return re.sub(r"/cc\w{6}\b", "/cc", value)  # gcc's temporary files
        if isinstance(value, list):
            return [self.value(name, v) for v in value]
        if isinstance(value, dict):
            return {k: v if k in ("names", "source", "peer") else self.value(k, v) for k, v in value.items()}
        return value

    def memory(self, name, value):
        """Structures: times and what the machine has left differ, and so do bytes behind what a program has set."""
        if MEMORY_DIFFERS.search(name):
            return "differs"
        if isinstance(value, dict):
            return {k: self.memory(k, v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.memory(name, v) for v in value]
        if isinstance(value, str):
            return len(value)
        return self.number("pid" if name == "parent_tid" else name, value)

    def canonical(self, event):
        name = event["evt.type"]
        args = {k: self.memory(k, v) if k == "memory" else self.value(k, v) for k, v in event["args"].items()
                if (name, k) not in self.ignored and ("*", k) not in self.ignored}
        result = event.get("evt.res")
        if name in FORKS and isinstance(result, int) and result > 0:
            result = args["res"] = "child"
        elif isinstance(result, int):
            result = "any" if (name, "res") in self.ignored else self.number("pid" if name in ("gettid", "getpid", "wait4", "getppid", "set_tid_address") else "", result)
            if "res" in args:
                args["res"] = result
        return {"type": name, "flags": sorted(event.get("evt.flags", [])), "result": result, "args": args}


def same(unknown, bpf, ptrace):
    """What differs between two events; empty: nothing that counts."""
    if bpf["type"] != ptrace["type"]:
        return ["type"]
    if unknown.is_killed(bpf["type"], ptrace["result"]):
        return []
    wrong = [k for k in ("flags", "result") if bpf[k] != ptrace[k]]
    for name, value in bpf["args"].items():
        other = ptrace["args"].get(name)
        if value != other and not excused(unknown, bpf["type"], name, value, other):
            wrong.append(name)
    return wrong


def excused(unknown, event, name, value, other):
    if isinstance(value, dict) and "names" in value:
        return unknown.excuses(event, name, "|".join(value["names"]), other)
    if isinstance(value, dict) and value.get("sport") == 0 and isinstance(other, dict):
        return {**other, "sport": 0} == value and unknown.excuses(event, name, f"{value['sip']}:0->", other)
    if isinstance(value, dict) and "source" in value:
        return unknown.excuses(event, name, f"unix:*:{value['path']}", other)
    return unknown.excuses(event, name, "", other)


def compare_thread(name, bpf, ptrace, unknown, report):
    keys = [[(e["type"], e["result"] if not isinstance(e["result"], str) else "") for e in side] for side in (bpf, ptrace)]
    n = 0
    for tag, a, b, c, d in difflib.SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
        if tag == "equal" or b - a == d - c:
            for x, y in zip(bpf[a:b], ptrace[c:d]):
                n += 1
                for what in same(unknown, x, y):
                    values = [short(json.dumps(e["args"].get(what, e.get(what)))) for e in (x, y)]
                    report(f"thread {name}: {x['type']} {what}: bpf {values[0]}, ptrace {values[1]}")
        else:
            report(f"thread {name}: bpf has {[k[0] for k in keys[0][a:b]]}, ptrace {[k[0] for k in keys[1][c:d]]}")
    return n


def main():
    unknown = Unknown(sys.argv[3])
    ignored = set()
    if len(sys.argv) > 4:
        with open(sys.argv[4], encoding="utf-8") as f:
            ignored = {tuple(line.split("\t")[:2]) for line in f if line.strip() and line[0] != "#"}
    bpf, ptrace = (Canon(load(path), ignored) for path in sys.argv[1:3])
    wrong, n, types = [], 0, set()
    for name in sorted(set(bpf.threads) | set(ptrace.threads)):
        n += compare_thread(name, bpf.threads[name], ptrace.threads[name], unknown, wrong.append)
        types |= {e["type"] for e in bpf.threads[name]}
    for line in wrong[:40]:
        print("WRONG: " + line)
    print(f"measured - {n} events of {len(types)} types in {len(bpf.threads)} threads by both engines, {len(wrong)} differ")
    return 1 if wrong or not n else 0


sys.exit(main())
