#!/usr/bin/python3
"""Mutated captures and records through the plugins, built with AddressSanitizer, inside tshark.

usage: mutated.py BUILD-ROOT [--full]      TAP on standard output

Bytes are changed where checksums say so (the reader must notice), and inside with all checksums made
right again (what is behind them must hold). 500 files with --full, 24 without. Records, which have no
checksums, are changed thousands at a time.
"""
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import zlib

import zstandard

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import plugin_runner as pr  # noqa: E402

FILES = 500 if "--full" in sys.argv or os.environ.get("FULL") else 24
FINDING = re.compile(rb"AddressSanitizer|runtime error|UndefinedBehavior|Assertion|\*\* \(.*(ERROR|CRITICAL)|"
                     rb"DISSECTOR BUG|Dissector bug")
EVENTS_TYPES_AT = 172   # rows of types in the header of EVENTS, then of slices


def blocks(data):
    at = 0
    while at + 12 <= len(data):
        n = struct.unpack_from("<I", data, at + 4)[0]
        yield bytearray(data[at:at + n])
        at += n


def kind_of(block):
    ours = block[:4] == b"\xad\x0b\x00\x00" and block[12:20] == b"SCAPKIT\n"
    return struct.unpack_from("<H", block, 20)[0] if ours else 0


def sealed(block):
    """With lengths and checksums that fit."""
    header = struct.unpack_from("<I", block, 48)[0]
    struct.pack_into("<I", block, 4, len(block))
    struct.pack_into("<I", block, len(block) - 4, len(block))
    if 56 <= header <= len(block) - 8:
        struct.pack_into("<I", block, header - 4, zlib.crc32(bytes(block[:header - 4])))
    struct.pack_into("<I", block, len(block) - 8, zlib.crc32(bytes(block[:-8])))
    return block


def spoil(rng, data, most=4):
    data = bytearray(data)
    for _ in range(rng.randint(1, most)):
        if data:
            at = rng.randrange(len(data))
            data[at] = rng.choice((0, 0xff, 0x7f, 0x80, data[at] ^ (1 << rng.randrange(8)), rng.randrange(256)))
    return data


def packed_again(raw):
    return zstandard.ZstdCompressor(level=1, write_checksum=True).compress(bytes(raw))


def spoil_packed(rng, block, raw_at):
    """The packed data of SCHEMA, STATE, INDEX: lengths at raw_at."""
    raw_len, frame_len = struct.unpack_from("<II", block, raw_at)
    header = struct.unpack_from("<I", block, 48)[0]
    if not raw_len:
        return block
    raw = zstandard.ZstdDecompressor().decompress(bytes(block[header:header + frame_len]))
    raw = spoil(rng, raw, 8)
    frame = packed_again(raw)
    struct.pack_into("<II", block, raw_at, len(raw), len(frame))
    return sealed(block[:header] + frame + bytes(-len(frame) % 4) + bytes(8))


def spoil_slice(rng, block):
    """One column of an EVENTS block."""
    header = struct.unpack_from("<I", block, 48)[0]
    n_types, n_slices = struct.unpack_from("<HH", block, 88)
    row, at = EVENTS_TYPES_AT + 8 * n_types, header
    chosen = rng.randrange(n_slices)
    for i in range(n_slices):
        _, shape, _, _, stored, raw_len = struct.unpack_from("<BBBBII", block, row)
        if shape != 1:
            stored = 0
        if i == chosen and stored:
            try:
                raw = zstandard.ZstdDecompressor().decompress(bytes(block[at:at + stored]))
            except zstandard.ZstdError:
                return block    # one that needs another in front of it
            frame = packed_again(spoil(rng, raw, 8))
            struct.pack_into("<I", block, row + 4, len(frame))
            rest = bytes(block[at + stored:-8])
            whole = bytes(block[:at]) + frame + rest
            return sealed(bytearray(whole + bytes(-len(whole) % 4) + bytes(8)))
        row, at = row + 12, at + stored
    return block


def attempt(how, rng, block, *more):
    """A block whose fields were changed before may be past being taken apart."""
    try:
        return how(rng, block, *more)
    except (zstandard.ZstdError, struct.error, ValueError, IndexError, MemoryError):
        return spoil(rng, block)


PACKED_AT = {2: 56, 3: 80, 6: 92}


def mutant(rng, data):
    parts = list(blocks(data))
    way = rng.randrange(5)
    if way == 0:                                    # anywhere, checksums left alone
        return bytes(spoil(rng, data, 20))
    if way == 1:
        return bytes(data[:rng.randrange(len(data))])
    for _ in range(rng.randint(1, 3)):
        i = rng.randrange(2, len(parts))
        block, kind = parts[i], kind_of(parts[i])
        if not kind:
            continue
        header = struct.unpack_from("<I", block, 48)[0]
        if not 56 <= header <= len(block) - 8:      # changed before
            continue
        if way == 2:                                # fields
            end = header - 4
            at = rng.randrange(20, end)
            block[at:at + 8] = spoil(rng, block[at:at + 8], 3)[:max(0, min(8, end - at))]
            parts[i] = sealed(block)
        elif way == 3 and kind in PACKED_AT:
            parts[i] = attempt(spoil_packed, rng, block, PACKED_AT[kind])
        elif kind == 4:
            parts[i] = attempt(spoil_slice, rng, block)
        else:
            parts.insert(i, parts[rng.randrange(len(parts))])
    return b"".join(bytes(p) for p in parts)


def sanitizer(r):
    """The library that has to be there before tshark is; the plugins say which."""
    plugin = next((r.folder / "plugins").glob("*/wiretap/scapkit_file.so"))
    found = subprocess.run(["ldd", plugin], capture_output=True, text=True, check=True).stdout
    return re.findall(r"=> (\S*lib[au]?[bs]?[as]san\S*)", found)


def said(done):
    """Each finding once, with the places that led there."""
    words, seen = done.stderr.decode(errors="replace"), {}
    for m in re.finditer(r".*(?:runtime error|ERROR: AddressSanitizer).*(?:\n\s+#[0-6] .*)*", words):
        seen.setdefault(m.group(0).split("\n")[0], m.group(0))
    return "\n".join(seen.values()) or words[-2000:] + "".join(
        re.findall(r".*Dissector bug.*", done.stdout.decode(errors="replace"))[:3])


def check(r, *words):
    env = {"LD_PRELOAD": ":".join(sanitizer(r)), "G_SLICE": "always-malloc",
           "WIRESHARK_DEBUG_WMEM_OVERRIDE": "simple",
           "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0:exitcode=99:allocator_may_return_null=1",
           "UBSAN_OPTIONS": "print_stacktrace=1"}
    words = ["env"] + ["%s=%s" % pair for pair in env.items()] + list(words)
    done = r.run(*words, timeout=300)
    assert done.returncode in (0, 1, 2) and not FINDING.search(done.stderr) and b"Dissector bug" not in done.stdout, \
        f"status {done.returncode}: {said(done)}"
    return done


def captures_mutated(r):
    rng, shown = random.Random(6), 0
    assert sanitizer(r), "the plugins are not built with a sanitizer"
    seeds = sorted((pr.SOURCE / "samples").glob("*.scap")) + sorted((pr.SOURCE / "tests/golden/good").glob("*.scap"))
    for n in range(FILES):
        path = r.write("mutant.scap", mutant(rng, rng.choice(seeds).read_bytes()))
        way = rng.choice((["-V"], ["-2"], ["-Y", "scap.evt.failed == 1 or http"]))
        try:
            shown += bool(check(r, "tshark", "-r", path, *way).stdout)
        except AssertionError:
            (r.folder.parent / "scapkit-mutant.scap").write_bytes(path.read_bytes())
            raise
    return "%d files, %d of them show something" % (FILES, shown)


def records_mutated(r):
    rng = random.Random(7)
    saved = r.folder / "out" / "records.pcapng"
    check(r, "tshark", "-r", r.take(pr.SOURCE / "samples" / "server.scap"), "-w", saved)
    parts = list(blocks(saved.read_bytes()))
    out = bytearray()
    for part in parts:
        out += part
        if part[:4] != b"\x06\0\0\0":
            continue
        length = struct.unpack_from("<I", part, 20)[0]
        for _ in range(3):
            copy = bytearray(part)
            copy[40:28 + length] = spoil(rng, copy[40:28 + length], 30)
            out += copy
    path = r.write("spoiled.pcapng", bytes(out))
    done = check(r, "tshark", "-V", "-r", path)
    taps = ["-z", "conv,scap", "-z", "scap,tree", "-z", "scap,srt", "-z", "expert", "-z", "follow,scap,ascii,0"]
    check(r, "tshark", "-q", "-r", path, *taps)
    return "%d bytes of details" % len(done.stdout)


sys.exit(pr.tap([("mutated records", records_mutated), ("mutated captures", captures_mutated)], sys.argv[1]))
