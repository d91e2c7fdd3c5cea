#!/usr/bin/python3
"""Arrows between the folders point down. Reads every #include line and names each wrong one.

usage: layering.py SOURCE-ROOT [BUILD-ROOT]
"""
import pathlib
import re
import sys

# Lower rank: nearer to the ground. A folder may include itself and what stands below it.
RANK = {"base": 0, "format": 1, "state": 2, "filters": 3, "sinks": 4,
        "capture": 5, "replay": 5, "plugins": 5}
ANYTHING = {"tests", "samples", "doc"}      # may include every layer, and no layer includes them
SOURCES = {".c", ".h", ".def", ".inc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def wrong_arrow(folder, name):
    """Why a file of `folder` must not include `name`, or None."""
    if ".." in pathlib.PurePosixPath(name).parts:
        return "includes are written from the root of the project, without '..'"
    target = name.split("/")[0] if "/" in name else folder
    if target in ANYTHING and folder not in ANYTHING:
        return "a layer must not include %s/" % target
    if folder in ANYTHING or target not in RANK or target == folder:
        return None
    if RANK[target] == RANK[folder]:
        return "%s/ and %s/ never include each other: what both need is a sink" % (folder, target)
    if RANK[target] > RANK[folder]:
        return "%s/ stands below %s/" % (folder, target)
    return None


def check_tree(root):
    n_files, n_includes, wrong = 0, 0, []
    for folder in sorted(RANK) + sorted(ANYTHING):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SOURCES or not path.is_file():
                continue
            n_files += 1
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
                m = INCLUDE.match(line)
                if not m:
                    continue
                n_includes += 1
                why = wrong_arrow(folder, m.group(2))
                # <sys/types.h> is the system's; the project's own are in quotes.
                if m.group(1) == "<" and m.group(2).split("/")[0] not in RANK:
                    why = None
                if why:
                    wrong.append("%s:%d: #include %s: %s"
                                 % (path.relative_to(root), number, m.group(2), why))
    return n_files, n_includes, wrong


def check_self():
    """The rule itself, on arrows whose answer is known."""
    for folder, name in (("format", "base/bytes.h"), ("capture", "sinks/sink.h"),
                         ("state", "format/batch.h"), ("tests", "replay/scapkit.h"),
                         ("base", "bytes.h"), ("capture", "capture/bpf/shared.h")):
        assert wrong_arrow(folder, name) is None, (folder, name)
    for folder, name in (("base", "format/batch.h"), ("capture", "replay/scapkit.h"),
                         ("replay", "capture/source_bpf.h"), ("state", "filters/filter.h"),
                         ("format", "../base/bytes.h"), ("sinks", "tests/unit/suite.h")):
        assert wrong_arrow(folder, name), (folder, name)


def main():
    check_self()
    root = pathlib.Path(sys.argv[1])
    n_files, n_includes, wrong = check_tree(root)
    if len(sys.argv) > 2:       # generated sources obey the same rule
        more = check_tree(pathlib.Path(sys.argv[2]))
        n_files, n_includes, wrong = n_files + more[0], n_includes + more[1], wrong + more[2]
    for line in wrong:
        print(line)
    print("layering: %d files, %d includes, %d wrong" % (n_files, n_includes, len(wrong)))
    if n_files < 10:
        print("layering: fewer than 10 files under %s: is this the project's root?" % root)
        return 1
    return 1 if wrong else 0


sys.exit(main())
