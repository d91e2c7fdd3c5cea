#!/usr/bin/python3
"""What of other processes must not be in a capture, and whether it is.

usage: secrets.py --collect                    lines "kind TAB text", from /proc
       secrets.py --machine FOLDER             the same: names of this machine, of our ancestors,
                                               and the working folder FOLDER
       secrets.py --search LIST [--allowed TEXT-FILE] FILE...
Everything compressed in FILE is decompressed first: zstd frames are found by their magic, so this
does not depend on the format.
"""
import os
import re
import sys

import zstandard

SHORTEST = 8    # shorter ones are found by chance
FRAME = b"\x28\xb5\x2f\xfd"


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def collect():
    """Environments of all processes, and arguments of all but curl and scapcap itself."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for text in read("/proc/%s/environ" % pid).split(b"\0"):
            if len(text.partition(b"=")[2]) >= SHORTEST:
                found.add((b"environment", text))
        # scapcap's own command line is in the header: it says what the capture is.
        if read("/proc/%s/comm" % pid).strip() in (b"curl", b"scapcap"):
            continue
        for text in read("/proc/%s/cmdline" % pid).split(b"\0")[1:]:
            if len(text) >= SHORTEST:
                found.add((b"argument", text))
    for kind, text in sorted(found):
        if b"\n" not in text and b"\t" not in text:
            sys.stdout.buffer.write(kind + b"\t" + text + b"\n")


def ancestors():
    """/proc folders from our parent up to the first process."""
    pid = os.getppid()
    while pid > 0:
        yield "/proc/%d" % pid
        stat = read("/proc/%d/stat" % pid)
        pid = int(stat.rpartition(b")")[2].split()[1]) if stat else 0


# Programs that the samples run too: their names say nothing of who made them.
ORDINARY = {b"bash", b"sh", b"dash", b"python3", b"perl", b"cat", b"curl", b"sort", b"sudo", b"su",
            b"make", b"env", b"unshare", b"scapcap", b"setpriv", b"run", b"init", b"systemd", b"login",
            b"timeout"}    # the name of a parameter


def machine(folder):
    """What names this machine and the place and people at work on it."""
    uname = os.uname()
    found = {(b"kernel", uname.release.encode()), (b"kernel", uname.version.encode()),
             (b"host", uname.nodename.encode()), (b"folder", os.path.realpath(folder).encode()),
             (b"folder", os.getcwd().encode()), (b"machine", read("/etc/machine-id").strip())}
    for line in read("/proc/self/cgroup").splitlines():
        found.add((b"cgroup", line.split(b":", 2)[2]))
    for line in read("/etc/passwd").splitlines():
        name, _, uid = line.split(b":")[:3]
        if 1000 <= int(uid) < 65534:
            found.add((b"user", name))
    for proc in ancestors():
        found.add((b"name", read(proc + "/comm").strip()))
        for text in read(proc + "/cmdline").split(b"\0"):
            if len(text) >= SHORTEST and os.path.basename(text) not in ORDINARY:
                found.add((b"argument", text))
        for text in read(proc + "/environ").split(b"\0"):
            value = text.partition(b"=")[2]
            if len(value) >= SHORTEST:
                found.add((b"environment", text))
    for kind, text in sorted(found):
        if len(text) > 1 and text not in ORDINARY and b"\n" not in text and b"\t" not in text:
            sys.stdout.buffer.write(kind + b"\t" + text + b"\n")


def contains(part, text):
    """Short words only as words: "vm" is no host's name within "llvm"; the shortest are left to chance."""
    if len(text) >= SHORTEST:
        return text in part
    if len(text) < 4:
        return False
    return re.search(rb"(?<![\w./-])" + re.escape(text) + rb"(?![\w./-])", part) is not None


def unpacked(data):
    """The file, and what is in every zstd frame in it."""
    parts, at = [data], data.find(FRAME)
    while at >= 0:
        try:
            parts.append(zstandard.ZstdDecompressor().decompressobj().decompress(data[at:]))
        except zstandard.ZstdError:
            pass    # the four bytes stood there by chance
        at = data.find(FRAME, at + 4)
    return parts


def search(arguments):
    listed = {tuple(line.split(b"\t", 1)) for line in read(arguments.pop(0)).splitlines()}
    allowed = b""
    if arguments[0] == "--allowed":
        allowed = read(arguments[1])
        arguments = arguments[2:]
    n_frames = n_bytes = n_found = 0
    wanted = [(kind, text) for kind, text in sorted(listed) if text not in allowed]
    for path in arguments:
        parts = unpacked(read(path))
        n_frames += len(parts) - 1
        n_bytes += sum(map(len, parts))
        for kind, text in wanted:
            if any(contains(part, text) for part in parts):
                print("%s: %s inside: %s" % (path, kind.decode(), text.decode(errors="replace")))
                n_found += 1
    print("measured - privacy: %d of %d texts found in %d bytes of %d frames"
          % (n_found, len(wanted), n_bytes, n_frames))
    if not n_frames:
        print("no zstd frame found: was this a capture?")
        return 1
    return 1 if n_found else 0


if sys.argv[1:2] == ["--collect"]:
    collect()
elif sys.argv[1:2] == ["--machine"] and len(sys.argv) == 3:
    machine(sys.argv[2])
elif sys.argv[1:2] == ["--search"] and len(sys.argv) > 3:
    sys.exit(search(sys.argv[2:]))
else:
    sys.exit(__doc__)
