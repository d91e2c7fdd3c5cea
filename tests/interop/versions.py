#!/usr/bin/python3
"""Every version of every block of genuine captures, made here from the format's facts, says what it holds.

usage: versions.py BUILD-ROOT      TAP on standard output
"""
import gzip
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import scap_maker as m  # noqa: E402

HEAD = m.section() + m.machine()
RES = m.number(0)
ALIASES = {0x202: 0x8000ABCD, 0x203: 0x8001ABCD, 0x201: 0x8002ABCD, 0x204: 0x8010ABCD, 0x205: 0x8011ABCD,
           0x206: 0x8012ABCD, 0x207: 0x8013ABCD, 0x209: 0x8014ABCD}


class Reader:
    def __init__(self, build, folder):
        self.build, self.path = build, pathlib.Path(folder) / "made.scap"

    def write(self, data):
        self.path.write_bytes(data)

    def tool(self, *words, stdin=None):
        done = subprocess.run([str(w) for w in words], capture_output=True, timeout=60, check=False, input=stdin)
        if done.returncode or done.stderr:
            raise AssertionError(f"status {done.returncode}: {done.stderr.decode(errors='replace')[:300]}")
        return done.stdout.decode()

    def lines(self, data, form, *words):
        self.write(data)
        return self.tool(self.build / "scapread", "-r", self.path, *words, "-p", "*" + form).splitlines()

    def info(self, data):
        self.write(data)
        return json.loads(self.tool(self.build / "scapinfo", "-j", "--verify", self.path))


def same(found, wanted):
    assert found == wanted, f"found {found}, expected {wanted}"


def aliased(block):
    return struct.pack("<I", ALIASES[struct.unpack_from("<I", block)[0]]) + block[4:]


def processes(r, version, alias=False):
    """What a version has, and -1, 0 or nothing for what came later."""
    block = m.processes(version, [dict(tid=5, ptid=1, sid=4, vpgid=3, comm=b"x", vtid=2, vpid=2), dict(tid=1)])
    form = "%proc.pid %proc.ppid %proc.sid %proc.vpgid %proc.name %proc.cmdline %proc.exepath %proc.vmsize %proc.env[A] %proc.vpid"
    later = lambda since, value, before: value if version >= since else before
    same(r.lines(HEAD + (aliased(block) if alias else block) + m.close(tid=5), form),
         [f"5 1 {later(6, 4, -1)} {later(8, 3, -1)} x x a b {later(7, '/sbin/init', '')} {later(2, 100, 0)} "
          f"{later(3, 1, '<NA>')} {later(4, 2, '<NA>')}"])


def process_tail(r):
    """The tail of version 9: whole, as before libs 0.10, cut after any field, longer than known."""
    form = "%proc.pidns_init_start_ts %proc.tty %user.loginuid %proc.is_exe_writable %thread.cap_permitted %proc.exe_ino %proc.pgid"
    whole = struct.pack("<QIIBQQQBQQQBBq", 5, 34816, 1000, 1, 6, 7, 8, 1, 9, 10, 11, 0, 1, 77)
    cap = "CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH"
    for tail, wanted in (
            (whole, f"5 34816 1000 true {cap} 9 77"), (whole + bytes(100), f"5 34816 1000 true {cap} 9 77"),
            (whole[:-8], f"5 34816 1000 true {cap} 9 -1"), (whole[12:12 + 29], f"<NA> 0 1000 true {cap} <NA> -1"),
            (whole[12:17], "<NA> 0 1000 true  <NA> -1"), (b"", "<NA> 0 -1 false  <NA> -1")):
        same(r.lines(HEAD + m.processes(9, [dict(tid=5, tail=tail)]) + m.close(tid=5), form), [wanted])


def fds(r, version, alias=False):
    four, six = bytes([1, 2, 3, 4, 5, 6, 7, 8]), bytes(15) + b"\1" + bytes(15) + b"\2"
    ports = struct.pack("<HHB", 1000, 80, 2)
    rows = [(1, m.text(b"/old"), "file /old"), (2, m.text(b"/dir"), "directory /dir"),
            (3, four + ports, "ipv4 1.2.3.4:1000->5.6.7.8:80"), (4, six + ports, "ipv6 ::1:1000->::2:80"),
            (5, four[:4] + struct.pack("<HB", 80, 2), "ipv4 1.2.3.4:80"),
            (6, six[:16] + struct.pack("<HB", 80, 2), "ipv6 ::1:80"), (7, m.text(b"pipe:[1]"), "pipe pipe:[1]"),
            (8, bytes(16) + m.text(b"/sock"), "unix /sock"), (14, m.text(b"timer"), "timerfd timer"),
            (16, struct.pack("<I", 1) + m.text(b"/new") + (struct.pack("<I", 0xFD00) if version == 2 else b""), "file /new"),
            (20, m.text(b"memfd:x"), "memfd memfd:x"), (21, m.text(b"pidfd"), "pidfd pidfd")]
    if version == 2:
        rows.append((99, b"whatever it is", "<NA> unknown-type:[99]"))
    block = m.fds(version, 5, [m.fd(version, 10 + i, kind, rest) for i, (kind, rest, _) in enumerate(rows)])
    data = HEAD + m.processes(9, [dict(tid=5)]) + (aliased(block) if alias else block)
    data += b"".join(m.event(7, [RES, b"", m.number(10 + i), b"\0\0\0\0"], tid=5) for i in range(len(rows)))
    same([line if "unsupported" not in line else line.replace("unsupported", "<NA>")
          for line in r.lines(data, "%fd.type %fd.name")], [words for _, _, words in rows])


def users(r, version, alias=False):
    block = m.users(version, [m.user(version, 33, b"www"), m.group(version, 34, b"web")])
    data = HEAD + m.processes(9, [dict(tid=5, uid=33, gid=34)]) + (aliased(block) if alias else block) + m.close(tid=5)
    same(r.lines(data, "%user.name %user.homedir %user.shell %group.name"), ["www /home /bin/sh web"])


def interfaces(r, version, alias=False):
    block = m.interfaces(version, [m.interface(version, kind, b"eth0", bytes(4 if kind & 1 else 16)) for kind in (1, 2, 3, 4)])
    same(r.info(HEAD + (aliased(block) if alias else block) + m.close())["state"]["interfaces"], 4)


def events(r, version, flags):
    """Both layouts, with flags and without, with options behind: shown but where the flag says otherwise."""
    for packing in (bytes, gzip.compress):
        data = HEAD + m.read(version=version, flags=flags, ns=5, cpu=3, options=b"\1\0\4\0word\0\0\0\0") + m.close()
        hidden = flags is not None and flags & 1
        shown = ["close"] if hidden else ["read", "close"]
        same(r.lines(packing(data), "%evt.type"), shown)
        same(r.lines(packing(data), "%evt.type %evt.cpu %evt.rawtime %evt.args", "-DD", "evt.type=read"),
             ["read 3 5 res=5 data=hello fd=3 size=80"])


def large(r):
    data = HEAD + m.close() + m.event(324, [b'{"a":1}\0']) + m.event(402, [b"\0\0\0\0", b"x" * 70000 + b"\0", b"\1" * 50000], flags=0)
    same(r.lines(data, "%evt.type", "-D"), ["close", "container", "asyncevent"])


def old_pairs(r):
    """An entry and its exit are one call that took as long; what is not there is absent, what is new is shown."""
    data = HEAD + m.event(102, [m.number(-100), b"/x\0", b"\1\0\0\0", b"\0\0\0\0"], ns=100, version=1)
    data += m.event(103, [m.number(3)], ns=130, version=1) + m.event(7, [m.number(2), b"hi"], ns=140, version=1)
    same(r.lines(data, "%evt.type %evt.latency %evt.args"),
         ["openat 30 fd=3(<f>/x) dirfd=-100(AT_FDCWD) name=/x flags=1(O_RDONLY) mode=0 dev=<NA> ino=<NA>",
          "read <NA> res=2 data=hi fd=0 size=0"])
    same(r.lines(data, "%evt.dir %evt.type %evt.latency", "--raw-events"), ["> openat <NA>", "< openat <NA>", "< read <NA>"])


def sections(r):
    """Each section has its own state and calls."""
    first = HEAD + m.processes(9, [dict(tid=5, comm=b"one")]) + m.event(6, [m.number(3), bytes(4)], tid=5, ns=1)
    second = HEAD + m.event(7, [m.number(2), b"hi"], tid=5, ns=9) + m.close(tid=5)
    same(r.lines(first + m.close(tid=6) + second, "%evt.num %proc.name %evt.type %evt.latency"),
         ["1 <NA> close <NA>", "2 <NA> read <NA>", "3 <NA> close <NA>"])


def late_lists(r):
    same(r.lines(HEAD + m.close(tid=5) + m.processes(9, [dict(tid=5, comm=b"late")]) + m.close(tid=5), "%proc.name"),
         ["<NA>", "late"])


def unknown(r):
    """Types of newer writers are shown by number, blocks of others are counted."""
    data = HEAD + m.block(0x3FF, bytes(100)) + m.event(600, [b"ab", b""]) + m.block(0xBAD, bytes(3)) + m.close()
    same(r.lines(data, "%evt.num %evt.type"), ["1 unknown-600", "2 close"])
    same(r.info(data)["foreign_blocks"], 2)


def initial(r):
    """Users and containers told by events in front of the capture are state, not events."""
    added = m.event(354, [struct.pack("<I", 33), struct.pack("<I", 33), b"www\0", b"/\0", b"/bin/sh\0"], tid=-1)
    data = HEAD + m.processes(9, [dict(tid=5, uid=33)]) + added + m.close(tid=5) + added
    same(r.lines(data, "%evt.type %user.name", "-D")[:1], ["close www"])
    same(len(r.lines(data, "%evt.type", "-D")), 2)
    same(len(r.lines(data, "%evt.type", "-DD")), 3)


def packings(r):
    import zstandard
    plain = HEAD + m.processes(9, [dict(tid=i) for i in range(1, 400)]) + b"".join(m.openat(i) + m.read() for i in range(5000))
    wanted = r.lines(plain, "%evt.num %evt.type %evt.args")
    same(len(wanted), 10000)
    for data in (gzip.compress(plain), m.packed(plain, 5000), zstandard.ZstdCompressor().compress(plain),
                 zstandard.ZstdCompressor().compress(plain[:999]) + zstandard.ZstdCompressor().compress(plain[999:])):
        same(r.lines(data, "%evt.num %evt.type %evt.args"), wanted)
        through = r.tool(r.build / "scapread", "-r", "-", "-p", "*%evt.num %evt.type %evt.args", stdin=data)
        same(through.splitlines(), wanted)


TESTS = [("processes %d" % v, processes, v) for v in range(1, 10)] + \
    [("processes %d, early number" % v, processes, v, True) for v in (1, 2, 3)] + \
    [("process tail", process_tail), ("fds 1", fds, 1), ("fds 2", fds, 2), ("fds 1, early number", fds, 1, True),
     ("users 1", users, 1), ("users 2", users, 2), ("users 1, early number", users, 1, True),
     ("interfaces 1", interfaces, 1), ("interfaces 2", interfaces, 2), ("interfaces 1, early number", interfaces, 1, True)] + \
    [("events %d, flags %s" % (v, f), events, v, f) for v in (1, 2) for f in (None, 0, 1, 4)] + \
    [("large events", large), ("old pairs", old_pairs), ("sections", sections), ("late lists", late_lists),
     ("unknown types and blocks", unknown), ("initial state", initial), ("packings", packings)]


def main():
    build = pathlib.Path(sys.argv[1])
    print(f"1..{len(TESTS)}")
    with tempfile.TemporaryDirectory(prefix="scapkit-versions-") as folder:
        for i, (name, test, *args) in enumerate(TESTS, 1):
            try:
                test(Reader(build, folder), *args)
                print(f"ok {i} - {name}")
            except (AssertionError, subprocess.TimeoutExpired, IndexError) as e:
                print(f"not ok {i} - {name}\n# {e}")


if __name__ == "__main__":
    main()
