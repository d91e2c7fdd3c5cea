#!/usr/bin/python3
"""The same filters, live and afterwards: nothing may be lost to the part that the kernel decides.

usage: filters.py PROGRAM FILTERS.tsv FOLDER [AT-ONCE]

One run of PROGRAM is captured several times at once: without a filter, and with some. What the unfiltered
capture gives through a filter must be what was captured with it, event for event and field for field.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

# Nothing that depends on when exactly one looks.
FIELDS = ("thread.tid evt.type evt.dir evt.rawres proc.name proc.exe proc.exepath proc.pid proc.pname "
          "proc.cwd user.uid group.gid fd.num fd.type fd.name evt.arg[1] evt.failed").split()
LINE = "*" + "\t".join("%" + f for f in FIELDS)
START_SECONDS = 20


def wait_until(condition, what):
    end = time.time() + START_SECONDS
    while not condition():
        if time.time() > end:
            sys.exit("filters: never: " + what)
        time.sleep(0.01)


def start_capture(pid, path, words):
    said = open(path + ".err", "w+", encoding="utf-8")
    return subprocess.Popen(["scapcap", "--buffer", "16M", "-w", path, "-p", str(pid)] + words, stderr=said), said


def is_ready(said):
    said.seek(0)
    return "Ctrl-C" in said.read()


def lines_of(path, words):
    run = subprocess.run(["scapread", "-r", path, "-p", LINE] + words, capture_output=True, text=True,
                         errors="surrogateescape", check=False)
    if run.returncode:
        sys.exit("filters: scapread %s: %s" % (words, run.stderr))
    threads = {}
    for line in run.stdout.splitlines():
        threads.setdefault(line.split("\t")[0], []).append(line)
    return threads


def compare(name, want, have):
    """Prints where the two differ; whether they do."""
    n = sum(map(len, want.values()))
    for tid in sorted(set(want) | set(have)):
        a, b = want.get(tid, []), have.get(tid, [])
        if a == b:
            continue
        at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
        print("filters: %s: thread %s has %d events, afterwards %d; number %d differs:" % (
            name, tid, len(b), len(a), at + 1))
        print("   live      " + (b[at] if at < len(b) else "(end)"))
        print("   afterwards " + (a[at] if at < len(a) else "(end)"))
        return True
    print("filters: %4d events: %s" % (n, name))
    return False


def one_round(program, filters, folder):
    """How many filters were wrong, and how many matched nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder + "/work", mode=0o755)
    load = subprocess.Popen([program, folder + "/work"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    filters = [f.replace("{pid}", str(load.pid)) for f in filters]
    captures = [start_capture(load.pid, "%s/%d.scap" % (folder, i), [f] if f else [])
                for i, f in enumerate([""] + filters)]
    for _, said in captures:
        wait_until(lambda: is_ready(said), "a capture that says it has begun")
    load.stdin.write(b"x")
    load.stdin.close()
    if load.wait():
        sys.exit("filters: the program that is captured ended with %d" % load.returncode)
    time.sleep(0.3)
    for process, said in captures:
        process.send_signal(signal.SIGINT)
        if process.wait():
            said.seek(0)
            sys.exit("filters: scapcap: " + said.read())
        said.seek(0)
        if "lost" in said.read():
            sys.exit("filters: events were lost, which says nothing about filters")
    wrong = empty = 0
    for i, words in enumerate(filters, 1):
        want = lines_of(folder + "/0.scap", [words])
        wrong += compare(words, want, lines_of("%s/%d.scap" % (folder, i), []))
        empty += not want
        # What was captured with it passes it again: its state is complete.
        wrong += compare("again: " + words, want, lines_of("%s/%d.scap" % (folder, i), [words])) if want else 0
    return wrong, empty


def main():
    program, table, folder = sys.argv[1:4]
    at_once = int(sys.argv[4]) if len(sys.argv) > 4 else 9
    filters = [line for line in pathlib.Path(table).read_text(encoding="utf-8").splitlines()
               if line and not line.startswith("#")]
    wrong = empty = 0
    for first in range(0, len(filters), at_once):
        bad, none = one_round(program, filters[first:first + at_once], folder)
        wrong += bad
        empty += none
    print("filters: %d filters, %d differences, %d that match nothing" % (len(filters), wrong, empty))
    return wrong > 0 or empty > 0


sys.exit(main())
