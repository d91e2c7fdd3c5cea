#!/usr/bin/python3
"""House rules that can be read off the files: sizes, names, leftovers.

usage: house.py SOURCE-ROOT
"""
import collections
import pathlib
import re
import subprocess
import sys

MAX_LINES = 1000
CODE = {".c", ".h", ".py", ".sh"}
SAME_NAME_FINE = {"meson.build", "README.md", ".gitignore", "run", "make"}
# A promise in the code is either kept or an issue; never a note to oneself.
LEFTOVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")


def project_files(root):
    run = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    if run.returncode == 0:
        return [root / name for name in run.stdout.splitlines() if (root / name).is_file()]
    return [p for p in root.rglob("*") if p.is_file() and "build" not in p.parts]


def live_not_listed(root):
    """Live tests are listed by name: one that is forgotten there is never run."""
    listed = re.findall(r"'(\w+)'", (root / "tests/live/meson.build").read_text())
    scripts = [path for path in sorted((root / "tests/live").glob("*.sh")) if path.read_text().startswith("#!")]
    return ["%s: not in tests/live/meson.build" % path.relative_to(root) for path in scripts if path.stem not in listed]


def main():
    root = pathlib.Path(sys.argv[1])
    wrong = live_not_listed(root)
    by_name = collections.defaultdict(list)
    for path in project_files(root):
        name = path.relative_to(root)
        by_name[path.name].append(name)
        if path.suffix not in CODE:
            continue
        lines = path.read_text(errors="replace").splitlines()
        if len(lines) > MAX_LINES:
            wrong.append("%s: %d lines; more than %d is two files" % (name, len(lines), MAX_LINES))
        for number, line in enumerate(lines, 1):
            if line != line.rstrip():
                wrong.append("%s:%d: blanks at the end of the line" % (name, number))
            if LEFTOVER.search(line):
                wrong.append("%s:%d: %s" % (name, number, line.strip()))
    for name, places in sorted(by_name.items()):
        sources = [p for p in places if p.suffix in (".c", ".h")]
        if len(sources) > 1 and name not in SAME_NAME_FINE:
            wrong.append("the same file name twice: %s" % ", ".join(map(str, sources)))
    for line in wrong:
        print(line)
    print("house: %d files, %d wrong" % (sum(map(len, by_name.values())), len(wrong)))
    return 1 if wrong else 0


sys.exit(main())
