"""Genuine .scap files, made from the format's facts alone: every version of every block, for tests.

    w = section() + machine() + processes(9, [dict(tid=1)]) + event(307, [fd, dirfd, b"name\\0", ...], ns=..., tid=1)
"""
import gzip
import struct

CODES = {"processes": {1: 0x202, 2: 0x207, 3: 0x209, 4: 0x210, 5: 0x211, 6: 0x212, 7: 0x213, 8: 0x214, 9: 0x215},
         "fds": {1: 0x203, 2: 0x218}, "interfaces": {1: 0x205, 2: 0x219}, "users": {1: 0x206, 2: 0x220}}
EVENT_1, EVENT_FLAGS_1, EVENT_2, EVENT_FLAGS_2, EVENT_LARGE, EVENT_FLAGS_LARGE = 0x204, 0x208, 0x216, 0x217, 0x221, 0x222
WIDE = (322, 324, 402)  # types whose parameters have lengths of 32 bits
FAMILY_4, FAMILY_6 = 1, 2


def block(code, body, total=None, tail=None):
    body += bytes(-(8 + len(body) + 4) % 4)
    size = len(body) + 12
    return struct.pack("<II", code, size if total is None else total) + body + struct.pack(
        "<I", size if tail is None else tail)


def section(major=1, minor=2, order=0x1A2B3C4D, options=b"", **more):
    return block(0x0A0D0D0A, struct.pack("<IHHQ", order, major, minor, 2**64 - 1) + options, **more)


def machine(cpus=2, host=b"host", boot=0, extra=b"", **more):
    return block(0x201, struct.pack("<IQQ128sQQQQ", cpus, 1 << 30, 0, host, boot, 0, 0, 0) + extra, **more)


def text(t):
    return struct.pack("<H", len(t)) + t


def process(version, tid=1, pid=None, ptid=0, sid=1, vpgid=1, comm=b"init", exe=b"/sbin/init", exepath=b"/sbin/init",
            args=b"a\0b\0", cwd=b"/", flags=0, uid=0, gid=0, env=b"A=1\0", vtid=None, vpid=None, cgroups=b"cpu=/\0",
            root=b"/", tail=None):
    pid = tid if pid is None else pid
    b = struct.pack("<qqq", tid, pid, ptid)
    b += struct.pack("<q", sid) if version >= 6 else b""
    b += struct.pack("<q", vpgid) if version >= 8 else b""
    b += text(comm) + text(exe) + (text(exepath) if version >= 7 else b"") + text(args) + text(cwd)
    b += struct.pack("<QIII", 1024, flags, uid, gid)
    b += struct.pack("<IIIQQ", 100, 50, 7, 3, 4) if version >= 2 else b""
    b += text(env) if version >= 3 else b""
    b += struct.pack("<qq", tid if vtid is None else vtid, pid if vpid is None else vpid) + text(cgroups) if version >= 4 else b""
    b += text(root) if version >= 5 else b""
    if version >= 9:
        whole = struct.pack("<QIIBQQQBQQQBBq", 5, 34816, 1000, 1, 6, 7, 8, 1, 9, 10, 11, 0, 1, 77)
        b += whole if tail is None else tail
        b = struct.pack("<I", len(b) + 4) + b
    return b


def processes(version, entries, **more):
    return block(CODES["processes"][version], b"".join(process(version, **e) for e in entries), **more)


def fd(version, number, kind, rest, ino=0):
    b = struct.pack("<qQB", number, ino, kind) + rest
    return struct.pack("<I", len(b) + 4) + b if version >= 2 else b


def fds(version, tid, entries, **more):
    return block(CODES["fds"][version], struct.pack("<q", tid) + b"".join(entries), **more)


def user(version, uid, name, gid=0):
    b = struct.pack("<BII", 0, uid, gid) + text(name) + text(b"/home") + text(b"/bin/sh")
    return struct.pack("<I", len(b) + 4) + b if version >= 2 else b


def group(version, gid, name):
    b = struct.pack("<BI", 1, gid) + text(name)
    return struct.pack("<I", len(b) + 4) + b if version >= 2 else b


def users(version, entries, **more):
    return block(CODES["users"][version], b"".join(entries), **more)


def interface(version, kind, name, addr):
    """kind 1 and 2 are IPv4 and IPv6 with a speed, 3 and 4 without; the length does not count itself here."""
    b = struct.pack("<HH", kind, len(name)) + addr + b"\xff" * len(addr) + addr
    b += struct.pack("<Q", 1000) if kind <= 2 else b""
    b += name
    return struct.pack("<I", len(b)) + b if version >= 2 else b


def interfaces(version, entries, **more):
    return block(CODES["interfaces"][version], b"".join(entries), **more)


def params(type, values):
    return b"".join(struct.pack("<I" if type in WIDE else "<H", len(v)) for v in values) + b"".join(values)


def event(type, values, ns=10**18, tid=1, cpu=0, version=2, flags=None, options=b"", length=None, n=None, **more):
    body = params(type, values)
    head = struct.pack("<QqIH", ns, tid, (22 if version == 1 else 26) + len(body) if length is None else length, type)
    head += struct.pack("<I", len(values) if n is None else n) if version == 2 else b""
    code = (EVENT_FLAGS_1 if flags is not None else EVENT_1) if version == 1 else \
        (EVENT_FLAGS_LARGE if flags is not None else EVENT_LARGE) if type in WIDE else \
        (EVENT_FLAGS_2 if flags is not None else EVENT_2)
    front = struct.pack("<H", cpu) + (struct.pack("<I", flags) if flags is not None else b"")
    b = front + head + body
    return block(code, b + (bytes(-(8 + len(b)) % 4) + options if options else b""), **more)


def number(v):
    return struct.pack("<q", v)


def openat(i=0, name=b"/etc/hosts\0", **more):
    """A present-day openat that returns fd 3 + i."""
    return event(307, [number(3 + i), number(-100), name, struct.pack("<I", 1), struct.pack("<I", 0),
                       struct.pack("<I", 0xFD00), struct.pack("<Q", 5)], **more)


def read(data=b"hello", **more):
    return event(7, [number(len(data)), data, number(3), struct.pack("<I", 80)], **more)


def close(**more):
    return event(5, [number(0), number(3)], **more)


def packed(data, member=1 << 20):
    return b"".join(gzip.compress(data[i:i + member], mtime=0) for i in range(0, len(data), member))
