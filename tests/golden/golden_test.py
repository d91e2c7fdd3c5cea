#!/usr/bin/python3
"""Golden files: what stands in the tree is read as it must be, and is made anew byte for byte.

usage: golden_test.py BUILD-ROOT            TAP on standard output
       golden_test.py --update BUILD-ROOT   writes files, messages and the listing of SPEC.md anew

expected.tsv has, for each file of bad/, what scapinfo --verify must say of it, "; " between lines.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SPEC = HERE.parent.parent / "format" / "SPEC.md"
EXPECTED = HERE / "expected.tsv"
ANNOTATE = HERE / "annotate.py"
MARK = "<!-- listing -->\n"
# Bytes are compared where zstd is the one that made them: others compress a little differently.
MADE_WITH = "1.5.4"
# Of these a pipe gives other events, or none: their blocks are out of order.
FILES_ONLY = {"merged", "reordered"}


def run(*words, **more):
    return subprocess.run([str(w) for w in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          check=False, **more)


def verify(build, path):
    """Exit status, and the words about the file without its name."""
    done = run(build / "scapinfo", "--verify", path)
    lines = done.stderr.decode().splitlines()
    return done.returncode, "; ".join(line.replace("scapinfo: %s: " % path, "") for line in lines)


def expected():
    rows = EXPECTED.read_text().splitlines()
    return dict(line.split("\t", 1) for line in rows if line and not line.startswith("#"))


def zstd_version():
    from zstandard import ZSTD_VERSION
    return "%d.%d.%d" % ZSTD_VERSION


def make(build, folder):
    subprocess.run([build / "tests/golden/make_golden", folder], check=True)


def names(folder):
    return sorted(path.stem for path in folder.glob("*.scap"))


def same_files(build):
    """What differs between the tree and files made now; None where that cannot be told."""
    with tempfile.TemporaryDirectory(prefix="scapkit-golden-") as folder:
        folder = pathlib.Path(folder)
        make(build, folder)
        for sub in ("good", "bad"):
            if names(folder / sub) != names(HERE / sub):
                return ["%s: other files than in the tree" % sub]
            if zstd_version() != MADE_WITH:
                continue
            wrong = ["%s/%s" % (sub, name) for name in names(folder / sub)
                     if (folder / sub / (name + ".scap")).read_bytes() != (HERE / sub / (name + ".scap")).read_bytes()]
            if wrong:
                return wrong
    return [] if zstd_version() == MADE_WITH else None


def repaired(build, path):
    """A repaired file is whole, and says what is missing. A file of which nothing is left is refused."""
    with tempfile.TemporaryDirectory(prefix="scapkit-golden-") as folder:
        out = pathlib.Path(folder) / "out.scap"
        done = run(build / "scapedit", "--repair", path, out)
        if done.returncode:
            return done.returncode == 1 and (b"nothing of a capture" in done.stderr or b"not a capture" in done.stderr)
        status, words = verify(build, out)
        return status == 0 and not words


def update(build):
    for sub in ("good", "bad"):
        shutil.rmtree(HERE / sub, ignore_errors=True)
    make(build, HERE)
    rows = ["%s\t%s" % (name, verify(build, HERE / "bad" / (name + ".scap"))[1]) for name in names(HERE / "bad")]
    EXPECTED.write_text("# file of bad/\twhat scapinfo --verify says of it\n" + "\n".join(rows) + "\n")
    listing = run(ANNOTATE, HERE / "good" / "small.scap").stdout.decode()
    parts = SPEC.read_text().split(MARK)
    SPEC.write_text(parts[0] + MARK + listing + MARK)


class Tap:
    def __init__(self):
        self.n, self.failed = 0, 0

    def check(self, fine, name, words=""):
        self.n += 1
        self.failed += not fine
        print("%s %d - %s" % ("ok" if fine else "not ok", self.n, name))
        for line in words.splitlines() if not fine else ():
            print("#   %s" % line)

    def skip(self, name, reason):
        self.n += 1
        print("ok %d - %s # SKIP %s" % (self.n, name, reason))


def main():
    if sys.argv[1] == "--update":
        return update(pathlib.Path(sys.argv[2]).resolve())
    build, tap = pathlib.Path(sys.argv[1]).resolve(), Tap()
    differ = same_files(build)
    if differ is None:
        tap.skip("made anew", "zstd is %s; the files were made with %s" % (zstd_version(), MADE_WITH))
    else:
        tap.check(not differ, "made anew", "differ: %s" % ", ".join(differ))
    done = run(ANNOTATE, "--check", HERE / "good" / "small.scap", SPEC)
    tap.check(done.returncode == 0, "listing in SPEC.md", done.stderr.decode())
    for name in names(HERE / "good"):
        path = HERE / "good" / (name + ".scap")
        status, words = verify(build, path)
        tap.check(status == 0 and not words, "good/" + name, words)
        if name not in FILES_ONLY:
            done = run("sh", "-c", 'cat "$1" | "$2" --verify -', "sh", path, build / "scapinfo")
            tap.check(done.returncode == 0 and not done.stderr, "good/%s, from a pipe" % name, done.stderr.decode())
    want = expected()
    tap.check(sorted(want) == names(HERE / "bad"), "expected.tsv lists bad/")
    for name in names(HERE / "bad"):
        path = HERE / "bad" / (name + ".scap")
        status, words = verify(build, path)
        tap.check(status == 1 and words == want.get(name), "bad/" + name,
                  "status %d\nwant: %s\nhave: %s" % (status, want.get(name), words))
        done = run(build / "scapread", "-j", "-r", path)
        tap.check(done.returncode == 1 and done.stderr, "bad/%s, printed" % name, "status %d" % done.returncode)
        tap.check(repaired(build, path), "bad/%s, repaired" % name)
    print("1..%d" % tap.n)
    return 1 if tap.failed else 0


sys.exit(main())
