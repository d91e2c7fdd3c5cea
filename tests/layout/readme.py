#!/usr/bin/python3
"""The commands of README.md say what README.md says they say.

usage: readme.py SOURCE-ROOT BUILD-ROOT

A line "    $ build/..." is run; the indented lines behind it are how its output begins. A line that
ends with "…" is the beginning of one. What needs root (sudo) is left to the live tests.
"""
import os
import pathlib
import subprocess
import sys
import tempfile


def examples(text):
    """(command, lines of output) of each."""
    command, output = None, []
    for line in text.splitlines() + [""]:
        inside = line.startswith("    ")
        if command is not None and command.endswith("\\") and inside:
            command = command[:-1] + line.strip()
        elif inside and not line.startswith("    $ ") and command is not None:
            output.append(line[4:])
        else:
            if command is not None:
                yield command, output
            command, output = (line[6:], []) if line.startswith("    $ build/") else (None, [])


def differs(expected, got):
    for n, line in enumerate(expected):
        have = got[n] if n < len(got) else "(nothing)"
        if have.startswith(line[:-1]) if line.endswith("…") else have == line:
            continue
        return "line %d\n  README: %s\n  really: %s" % (n + 1, line, have)
    return None


def main():
    root, build = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    n = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(build, folder + "/build")
        os.symlink(root / "samples", folder + "/samples")
        for command, output in examples((root / "README.md").read_text(encoding="utf-8")):
            run = subprocess.run(["bash", "-c", command], cwd=folder, text=True, check=False,
                                 env=dict(os.environ, TZ="UTC", LANG="C.UTF-8"),
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            why = differs(output, run.stdout.splitlines())
            n += 1
            if why:
                wrong += 1
                print("%s\n%s" % (command, why))
    print("README: %d commands, %d wrong" % (n, wrong))
    return 1 if wrong or not n else 0


sys.exit(main())
