#!/usr/bin/python3
"""Damaged genuine captures, made here: none crashes, hangs or takes memory, all that is readable is read, and the words
name the place.

usage: damaged.py BUILD-ROOT [--keep FOLDER]      TAP on standard output; --keep leaves the files there
"""
import gzip
import pathlib
import re
import resource
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import scap_maker as m  # noqa: E402

MEMORY = 512 << 20  # address space of the reader
SECONDS = 20
SANITIZED = False
N = 30  # events of the capture that is damaged

HEAD = m.section() + m.machine()
STATE = m.processes(9, [dict(tid=1), dict(tid=7, comm=b"seven")]) + \
    m.fds(2, 7, [m.fd(2, 0, 16, struct.pack("<I", 1) + m.text(b"/dev/null") + struct.pack("<I", 5))]) + \
    m.users(2, [m.user(2, 0, b"root"), m.group(2, 0, b"root")]) + \
    m.interfaces(2, [m.interface(2, 1, b"lo", b"\x7f\0\0\1")])
EVENTS = [m.openat(ns=10**18 + i, tid=7) if i % 3 else m.read(ns=10**18 + i, tid=7) for i in range(N)]
WHOLE = HEAD + STATE + b"".join(EVENTS)
JUNK = bytes(range(1, 251)) * 4


def at(i):
    """Where event i begins."""
    return len(HEAD) + len(STATE) + sum(map(len, EVENTS[:i]))


def with_event(i, data):
    return WHOLE[:at(i)] + data + WHOLE[at(i + 1):]


def set_u32(data, place, value):
    return data[:place] + struct.pack("<I", value) + data[place + 4:]


def set_event(i, place, value):
    return set_u32(WHOLE, at(i) + place, value)


def flipped(data, place, bit=0x55):
    return data[:place] + bytes([data[place] ^ bit]) + data[place + 1:]


def zstd(data):
    import zstandard
    return zstandard.ZstdCompressor().compress(data)


GZIP, MEMBERS = m.packed(WHOLE), m.packed(WHOLE, 1000)
SECOND_HALF = len(gzip.compress(WHOLE[:1000], mtime=0))

# Independent members, as long captures have them: the first half of the events, and the rest.
FIRST_GZ, LAST_GZ = gzip.compress(WHOLE[:at(N // 2)], mtime=0), gzip.compress(WHOLE[at(N // 2):], mtime=0)
MIDDLE_GZ, PAIR = gzip.compress(b"".join(EVENTS), mtime=0), FIRST_GZ + LAST_GZ

# name: bytes, events that must be read, exit status, what must be said
CASES = {
    # cut
    "cut_section": (WHOLE[:20], 0, 1, "ends within|nothing|truncated"),
    "cut_machine": (WHOLE[:100], 0, 1, "truncated: .* offset 28"),
    "cut_processes": (WHOLE[:len(HEAD) + 60], 0, 1, "truncated: .* offset"),
    "cut_fds": (WHOLE[:len(HEAD) + len(STATE) - 200], 0, 1, "truncated: .* offset"),
    "cut_event_header": (WHOLE[:at(9) + 6], 9, 1, f"truncated: .* offset {at(9)}"),
    "cut_event": (WHOLE[:at(9) + 40], 9, 1, f"truncated: .* offset {at(9)}"),
    "cut_trailer": (WHOLE[:-2], N - 1, 1, f"truncated: .* offset {at(N - 1)}"),
    "cut_between": (WHOLE[:at(9)], 9, 0, ""),
    "no_events": (HEAD + STATE, 0, 0, ""),
    "section_alone": (WHOLE[:28], 0, 0, ""),
    # lengths
    "block_length_0": (set_event(9, 4, 0), N - 1, 1, f"offset {at(9)}"),
    "block_length_odd": (set_event(9, 4, 61), N - 1, 1, f"offset {at(9)}"),
    "block_length_short": (set_event(9, 4, 40), N - 1, 1, f"offset {at(9)}"),
    "block_length_long": (set_event(9, 4, len(EVENTS[9]) + 16), N - 1, 1, f"offset {at(9)}"),
    "block_length_beyond": (set_event(9, 4, 60000), N - 1, 1, f"offset {at(9)}"),
    "block_length_huge": (set_event(9, 4, 0xFFFFFFFC), N - 1, 1, f"offset {at(9)}"),
    "event_length_huge": (set_event(9, 10 + 16, 0xFFFFFFFF), N - 1, 1, f"event at offset {at(9)}: its length"),
    "event_length_short": (set_event(9, 10 + 16, 30), N - 1, 1, f"event at offset {at(9)}: its param"),
    "event_params_huge": (set_event(9, 10 + 22, 0xFFFFFFFF), N - 1, 1, f"event at offset {at(9)}: it has 4294967295"),
    "event_params_many": (set_event(9, 10 + 22, 32), N - 1, 1, f"event at offset {at(9)}: its param"),
    "param_length_huge": (set_event(9, 10 + 26, 0xFFFFFFFF), N - 1, 1, f"event at offset {at(9)}: its param"),
    "event_too_large": (with_event(9, m.event(324, [b"x" * 300000])), N - 1, 1, f"offset {at(9)}: an event of 3000"),
    "event_too_short": (with_event(9, m.block(0x216, b"\0" * 20)), N - 1, 1, f"event at offset {at(9)}: its block is too short"),
    "version_1_sums": (with_event(9, m.event(103, [b"1234", b"x"], version=1)), N - 1, 1, f"event at offset {at(9)}: .*add up"),
    "process_length_0": (HEAD + m.processes(9, [dict()]).replace(struct.pack("<q", 1), struct.pack("<q", 1), 1)[:8] +
                         bytes(4) + m.processes(9, [dict()])[12:] + b"".join(EVENTS), N, 1, f"offset {len(HEAD)}: an entry"),
    "process_length_huge": (set_u32(WHOLE, len(HEAD) + 8, 0x7FFFFFFF), N, 1, f"offset {len(HEAD)}: an entry"),
    "process_text_long": (HEAD + m.processes(8, [dict(comm=b"c" * 60000)]) + b"".join(EVENTS), N, 0, ""),
    "list_length_long": (set_u32(WHOLE, len(HEAD) + 4, 0x7FFFFFFC), N, 1, f"truncated: .* offset {len(HEAD)}"),
    "list_endless": (HEAD + struct.pack("<II", 0x203, 0xFFFFFFF0) + struct.pack("<q", 7) + bytes(400000), 0, 1, f"offset {len(HEAD)}"),
    "fd_old_unknown": (HEAD + m.fds(1, 7, [m.fd(1, 0, 99, b"abc"), m.fd(1, 1, 1, m.text(b"/x"))]) + b"".join(EVENTS), N, 1,
                       f"offset {len(HEAD)}: an entry"),
    "fds_without_thread": (HEAD + m.block(0x218, b"abcd") + b"".join(EVENTS), N, 1, f"offset {len(HEAD)}: a list of fds"),
    "interface_kind": (HEAD + m.interfaces(2, [m.interface(2, 9, b"lo", b"abcd")]) + b"".join(EVENTS), N, 1, f"offset {len(HEAD)}"),
    "machine_short": (m.section() + m.block(0x201, b"\1\0\0\0") + b"".join(EVENTS), N, 1, "offset 28: the machine"),
    # the length at the end
    "tail_machine": (m.section() + m.machine(tail=99) + b"".join(EVENTS), N, 1, "offset 28: the length at its end"),
    "tail_processes": (HEAD + m.processes(9, [dict()], tail=8) + b"".join(EVENTS), N, 1, f"offset {len(HEAD)}: the length at its end"),
    "tail_event": (with_event(9, m.openat(tail=99)), N, 1, f"offset {at(9)}: the length at the end of its block"),
    "tail_last": (WHOLE[:-4] + b"\1\2\3\4", N - 1, 1, f"offset {at(N - 1)}"),
    # versions and orders
    "byte_order": (m.section(order=0x4D3C2B1A) + WHOLE[28:], 0, 1, "big-endian"),
    "byte_order_all": (m.section(order=0x4D3C2B1A, total=0x1C000000) + WHOLE[28:], 0, 1, "."),
    "byte_order_none": (m.section(order=0) + WHOLE[28:], None, 1, "."),
    "future_major": (m.section(major=2) + WHOLE[28:], 0, 1, "version 2.2"),
    "future_minor": (m.section(minor=99) + WHOLE[28:], N, 0, ""),
    "section_options": (m.section(options=bytes(48)) + WHOLE[28:], N, 0, ""),
    "section_short": (struct.pack("<IIII", 0x0A0D0D0A, 16, 0x1A2B3C4D, 16) + WHOLE[28:], None, 1, "."),
    "later_section": (WHOLE + m.section(major=3) + WHOLE[28:], N, 1, "version 3.2"),
    # what nobody knows
    "unknown_blocks": (m.section() + m.block(0x300, b"ab") + m.machine() + m.block(0xBAD, bytes(500)) + STATE + b"".join(
        m.block(0x4000 + i, bytes(i)) + e for i, e in enumerate(EVENTS)) + m.block(0x999, b""), N, 0, ""),
    "unknown_cut": (WHOLE + struct.pack("<II", 0x999, 1000) + b"abc", N, 1, f"truncated: .* offset {len(WHOLE)}"),
    "unknown_huge": (WHOLE[:at(9)] + struct.pack("<II", 0x999, 0xF0000000) + WHOLE[at(9):], N, 1, f"offset {at(9)}"),
    "unknown_type": (with_event(9, m.event(600, [b"abcd"])), N, 0, ""),
    "type_beyond": (with_event(9, m.event(0x7000, [b"abcd"])), N - 1, 1, f"event at offset {at(9)}: its type 28672"),
    "junk_between": (WHOLE[:at(9)] + JUNK + WHOLE[at(9):], N, 1, f"offset {at(9)}"),
    "zeros_behind": (WHOLE + bytes(5000), N, 1, f"offset {len(WHOLE)}"),
    "many_bad": (HEAD + b"".join(m.openat(length=5) + e for e in EVENTS * 40), 40 * N, 1, "more damaged places"),
    # compression
    "gzip_cut": (GZIP[:-200], None, 1, "truncated: .* byte"),
    "gzip_flipped": (flipped(GZIP, len(GZIP) // 2), None, 1, "at byte \\d+ of the file"),
    "gzip_checksum": (flipped(GZIP, len(GZIP) - 6), N, 1, "incorrect data check"),
    "gzip_length": (flipped(GZIP, len(GZIP) - 2), N, 1, "incorrect length check"),
    "gzip_tail": (GZIP + b"rubbish", N, 1, f"something else than gzip data follows at byte {len(GZIP)}"),
    "gzip_member": (flipped(MEMBERS, SECOND_HALF + 2), None, 1, "at byte \\d+ of the file; reading goes on"),
    "gzip_member_checksum": (flipped(MEMBERS, SECOND_HALF - 6), N, 1, f"incorrect data check .*goes on with .* at byte {SECOND_HALF}"),
    "gzip_member_middle": (flipped(PAIR, len(FIRST_GZ) // 2), None, 1, f"goes on with .* at byte {len(FIRST_GZ)}"),
    "gzip_member_gone": (FIRST_GZ + MIDDLE_GZ[:-50] + LAST_GZ, None, 1, f"goes on with .* at byte {len(FIRST_GZ + MIDDLE_GZ) - 50}"),
    "gzip_member_last": (FIRST_GZ + b"rubbish" * 40000 + LAST_GZ, N, 1, f"something else .* at byte {len(FIRST_GZ)}"),
    "gzip_empty": (gzip.compress(b"", mtime=0), 0, 1, "nothing of a capture"),
    "gzip_of_text": (gzip.compress(b"hello, world, this is no capture", mtime=0), 0, 1, "does not begin as"),
    "zstd_cut": (zstd(WHOLE)[:-20], None, 1, "truncated: .* byte"),
    "zstd_flipped": (flipped(zstd(WHOLE), 60), None, 1, "at byte \\d+ of the file"),
}


def limit():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def read(build, path):
    return subprocess.run([str(build / "scapread"), "-DD", "-r", path, "-p", "*%evt.num %evt.type %fd.name"],
                          capture_output=True, timeout=4 * SECONDS, preexec_fn=limit, check=False)


def judge(build, path, n_events, status, words):
    try:
        done = read(build, path)
    except subprocess.TimeoutExpired:
        return "it hangs"
    said = done.stderr.decode(errors="replace")
    found = done.stdout.count(b"\n")
    if done.returncode != status:
        return f"status {done.returncode}, expected {status}: {said[:300]}"
    if n_events is not None and found != n_events:
        return f"{found} events, expected {n_events}: {said[:300]}"
    if words and not re.search(words, said):
        return f"expected /{words}/, said: {said[:300]}"
    if not words and said:
        return f"said: {said[:300]}"
    return None


def main():
    global SANITIZED
    build = pathlib.Path(sys.argv[1])
    # AddressSanitizer takes terabytes of addresses for itself.
    SANITIZED = b"__asan_init" in (build / "scapread").read_bytes()
    with tempfile.TemporaryDirectory(prefix="scapkit-damaged-") as folder:
        folder = pathlib.Path(sys.argv[3]) if "--keep" in sys.argv else pathlib.Path(folder)
        print(f"1..{len(CASES)}")
        for i, (name, (data, n_events, status, words)) in enumerate(CASES.items(), 1):
            path = folder / (name + ".scap")
            path.write_bytes(data)
            wrong = judge(build, path, n_events, status, words)
            print(f"{'not ' if wrong else ''}ok {i} - {name}")
            if wrong:
                print("# " + wrong.replace("\n", "\n# "))


if __name__ == "__main__":
    main()
