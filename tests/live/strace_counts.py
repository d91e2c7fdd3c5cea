#!/usr/bin/python3
"""Compares tables of calls: ours of PROGRAM by ENGINE with strace's, as strace_counts.sh has made them in FOLDER.

usage: strace_counts.py PROGRAM ENGINE CHANCE FOLDER
"""
import glob
import sys


def table(path):
    """name -> (calls, errors)"""
    rows = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.split()
            if not words or words[0] in ("syscall", "total") or line.startswith("-"):
                continue
            if "???(" in words:  # strace: a thread that was killed, with its number
                continue
            rows[words[0]] = (int(words[1]), int(words[2]) if len(words) > 2 else 0)
    return rows


def chances(path, program):
    with open(path, encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith(("#", "program\t"))]
    return [word.split("+") for name, calls, _ in rows if name in ("*", program) for word in calls.split()]


def by_chance(ours, theirs, chance):
    """The calls that may differ: those listed alone, and those listed together that differ by the same number."""
    names = set()
    for group in chance:
        more = {(ours.get(n, (0, 0))[0] - theirs.get(n, (0, 0))[0], ours.get(n, (0, 0))[1] == theirs.get(n, (0, 0))[1])
                for n in group}
        if len(group) == 1 or (len(more) == 1 and more.pop()[1]):
            names.update(group)
    return names


def differences(ours, theirs, chance):
    wrong, free = [], by_chance(ours, theirs, chance)
    for name in sorted(set(ours) | set(theirs)):
        a, b = ours.get(name, (0, 0)), theirs.get(name, (0, 0))
        if a == b or name in free:
            continue
        wrong.append(f"{name} {a[0]} calls, {a[1]} errors, strace {b[0]}, {b[1]}")
    return wrong


def main():
    program, engine, chance_path, folder = sys.argv[1:]
    chance = chances(chance_path, program)
    theirs = [table(path) for path in sorted(glob.glob(f"{folder}/{program}.strace.*"))]
    mine = [table(path) for path in sorted(glob.glob(f"{folder}/{program}.{engine}.[0-9]*"))]
    best = min(((differences(a, b, chance), a, b) for a in mine for b in theirs), key=lambda row: len(row[0]))
    wrong, a, b = best
    free = sorted(n for n in by_chance(a, b, chance) if a.get(n) != b.get(n))
    print(f"measured - {program}, {engine}: {sum(row[0] for row in a.values())} calls of {len(a)} names, "
          f"{sum(row[1] for row in a.values())} errors, as strace -c has them"
          + (f" but for {', '.join(free)} (chance)" if free else "")
          + (f"; WRONG: {'; '.join(wrong)}" if wrong else ""))
    return bool(wrong)


sys.exit(main())
