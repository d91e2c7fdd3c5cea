#!/usr/bin/python3
"""Every header compiles alone: it includes what it uses, and nothing must come before it.

usage: headers.py SOURCE-ROOT BUILD-ROOT COMPILER [ARGUMENT...]

The headers of capture/bpf are for the kernel side and are compiled by clang for the bpf target;
shared.h is for both sides.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

FOLDERS = ("base", "format", "state", "filters", "sinks", "capture", "replay", "plugins")
STRICT = ["-std=gnu17", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter",
          "-Wno-missing-field-initializers", "-D_GNU_SOURCE", '-DSCAPKIT_VERSION="test"']


def wireshark_headers():
    """Where plugins find Wireshark's headers; None: it is not installed."""
    if not shutil.which("pkg-config"):
        return None
    run = subprocess.run(["pkg-config", "--cflags", "wireshark"], stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL, text=True, check=False)
    return None if run.returncode else re.sub(r"(^|\s)-I", r"\1-isystem", run.stdout).split()


def compile_alone(job):
    root, build, compiler, header = job
    if header.parts[0] == "plugins":
        flags = wireshark_headers()
        if flags is None:
            return header, "skip: Wireshark's headers are not here (apt install wireshark-dev)"
        compiler = compiler + flags
    if header.parent.name == "bpf" and header.name != "shared.h":
        if not shutil.which("clang"):
            return header, "skip: clang is not here (apt install clang)"
        compiler = ["clang", "-target", "bpf", "-g", "-O2", "-mcpu=v3", "-Wno-unused-function",
                    "-D__TARGET_ARCH_" + ("arm64" if os.uname().machine == "aarch64" else "x86"),
                    "-I/usr/include/%s-linux-gnu" % os.uname().machine]
    # Twice in one unit: the guard is tested too.
    text = '#include "%s"\n#include "%s"\nextern int not_empty;\n' % ((header,) * 2)
    run = subprocess.run(
        compiler + STRICT + ["-fsyntax-only", "-I", root, "-I", build, "-I", build / "capture",
                             "-I", build / "capture" / "bpf", "-x", "c", "-"],
        input=text, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return header, run.stdout if run.returncode else ""


def main():
    root, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    compiler = sys.argv[3:]
    headers = [h.relative_to(root) for f in FOLDERS for h in sorted((root / f).rglob("*.h"))]
    jobs = [(root, build, compiler, h) for h in headers]
    failed = skipped = 0
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for header, words in pool.map(compile_alone, jobs):
            if words.startswith("skip:"):
                print("%s: %s" % (header, words))
                skipped += 1
            elif words:
                print("%s does not compile alone:\n%s" % (header, words))
                failed += 1
    print("headers: %d, %d not alone, %d skipped" % (len(headers), failed, skipped))
    if not headers:
        return 1
    return 1 if failed else 77 if skipped else 0


sys.exit(main())
