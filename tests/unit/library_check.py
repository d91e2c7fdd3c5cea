#!/usr/bin/python3
"""libscapkit as others meet it: only scapkit_ symbols are visible, and the example in scapkit.h works.

usage: library_check.py SOURCE-ROOT LIBRARY MAKE_CAPTURE COMPILER [ARGUMENT...]
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def visible_symbols(library):
    out = subprocess.run(["nm", "-D", "--defined-only", str(library)], check=True, text=True,
                         stdout=subprocess.PIPE).stdout
    return [line.split()[-1].split("@")[0] for line in out.splitlines()]


def declared_functions(header):
    return set(re.findall(r"\b(scapkit_[a-z_]+)\(", re.sub(r"/\*.*?\*/", "", header, flags=re.S)))


def example_of(header):
    """The program in the leading comment: the lines indented behind ' *\\t'."""
    comment = header[:header.index("*/")]
    lines = [m.group(1) for m in re.finditer(r"^ \*(?:\t(.*))?$", comment, re.M)]
    text = "\n".join(line or "" for line in lines)
    return text[text.index("#include"):text.rindex("}") + 1] + "\n"


def main():
    root, library, make_capture = (pathlib.Path(p).resolve() for p in sys.argv[1:4])
    compiler = sys.argv[4:]
    header = (root / "replay/scapkit.h").read_text()
    symbols = visible_symbols(library)
    strange = [s for s in symbols if not s.startswith("scapkit_")]
    missing = declared_functions(header) - set(symbols)
    assert not strange, "visible, but not ours: %s" % strange
    assert not missing, "declared, but not in the library: %s" % missing
    with tempfile.TemporaryDirectory(prefix="scapkit-library-") as folder:
        folder = pathlib.Path(folder)
        (folder / "example.c").write_text(example_of(header))
        subprocess.run(compiler + ["-Wall", "-Wextra", "-Werror", "-I", str(root / "replay"), "-o",
                                   str(folder / "example"), str(folder / "example.c"), str(library),
                                   "-Wl,-rpath," + str(library.parent)], check=True)
        subprocess.run([str(make_capture), str(folder / "c.scap"), "5000"], check=True)
        lines = subprocess.run([str(folder / "example"), str(folder / "c.scap")], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.splitlines()
        assert lines and all(re.fullmatch(r"\d+ /\S+", line) for line in lines), lines[:5]
        failed = subprocess.run([str(folder / "example"), str(folder / "none.scap")], text=True,
                                stderr=subprocess.PIPE, check=False)
        assert failed.returncode == 1 and "none.scap: No such file" in failed.stderr, failed.stderr
    print("library: %d functions, example printed %d lines" % (len(symbols), len(lines)))


main()
