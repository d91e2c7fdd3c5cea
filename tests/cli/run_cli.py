#!/usr/bin/python3
"""Shell tests of the tools: NAME.sh is run in an empty folder, what it says must be what stands beside it.

usage: run_cli.py [--update] BUILD-ROOT [NAME...]

    NAME.sh       bash; the tools are in PATH, so is make_capture (deterministic captures)
    NAME.out      standard output, byte for byte (absent: none)
    NAME.err      standard error (absent: none)
    NAME.exit     exit status (absent: 0)

A line of NAME.out or NAME.err that is just "..." stands for any lines. --update writes the files anew.
Output is TAP. Everything runs with TZ=UTC and LC_ALL=C.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from difflib import unified_diff
from itertools import islice

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT = 120


def run(script, build):
    environment = dict(os.environ, TZ="UTC", LC_ALL="C", HERE=str(HERE), BUILD=str(build))
    environment["PATH"] = "%s:%s/tests/unit:%s" % (build, build, os.environ["PATH"])
    with tempfile.TemporaryDirectory(prefix="scapkit-cli-") as folder:
        done = subprocess.run(["bash", "-u", str(script)], cwd=folder, env=environment, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)
    return done.stdout, done.stderr, done.returncode


def matches(want, have):
    if b"...\n" not in want.splitlines(keepends=True):
        return want == have
    parts = [re.escape(line) if line != b"...\n" else b"(?:.*\n)*?"
             for line in want.splitlines(keepends=True)]
    return re.fullmatch(b"".join(parts), have) is not None


def beside(script, ending):
    path = script.with_suffix(ending)
    return path.read_bytes() if path.exists() else b""


def write_beside(script, ending, data):
    path = script.with_suffix(ending)
    if data:
        path.write_bytes(data)
    elif path.exists():
        path.unlink()


def update(script, out, err, status):
    for ending, data in ((".out", out), (".err", err),
                         (".exit", b"%d\n" % status if status else b"")):
        if ending == ".exit" or not matches(beside(script, ending), data):
            write_beside(script, ending, data)


def complaints(script, out, err, status):
    for ending, have in ((".out", out), (".err", err)):
        want = beside(script, ending)
        if not matches(want, have):
            yield "%s%s differs" % (script.stem, ending)
            yield from ("  " + line[:300] for line in islice(unified_diff(
                *(data.decode(errors="replace").splitlines() for data in (want, have)),
                "wanted", "said", lineterm="", n=1), 40))
    want = int(beside(script, ".exit") or b"0")
    if status != want:
        yield "exit status %d instead of %d" % (status, want)


def main():
    words = sys.argv[1:]
    updating = "--update" in words
    words = [w for w in words if w != "--update"]
    build = pathlib.Path(words[0]).resolve()
    scripts = [HERE / (w + ".sh") for w in words[1:]] or sorted(HERE.glob("*.sh"))
    failed = 0
    print("1..%d" % len(scripts))
    for number, script in enumerate(scripts, 1):
        try:
            result = run(script, build)
        except subprocess.TimeoutExpired:
            result = (b"", b"(timeout)\n", 124)
        if updating:
            update(script, *result)
        words = list(complaints(script, *result))
        failed += bool(words)
        print("%s %d - %s" % ("not ok" if words else "ok", number, script.stem))
        for line in words:
            print("# " + line)
    return 1 if failed else 0


sys.exit(main())
