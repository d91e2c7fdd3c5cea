#!/usr/bin/python3
"""Captures that other programs have had in their hands: edited, merged, wrapped, cut short, with packets beside.

usage: files.py BUILD-ROOT      TAP on standard output
"""
import gzip
import pathlib
import struct
import sys
import zlib

import zstandard

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import plugin_runner as pr  # noqa: E402

SAMPLES = {p.stem: p for p in (pr.SOURCE / "samples").glob("*.scap")}
FIELDS = ["-T", "fields", "-e", "scap.evt.num", "-e", "scap.evt.type", "-e", "scap.proc.name", "-E", "separator=/s"]


def told(r, path, **more):
    return [line.split() for line in r.lines("tshark", "-r", path, *FIELDS, **more)]


def read(r, path):
    return [line.replace("<NA>", "").split()
            for line in r.scapread("-r", path, "-p", "*%evt.num %evt.type %proc.name")]


def same(r, path, wanted):
    assert told(r, path) == wanted, "tshark shows %d, expected %d" % (len(told(r, path)), len(wanted))
    assert read(r, path) == wanted, "scapread shows %d, expected %d" % (len(read(r, path)), len(wanted))


def edited(plugins):
    def test(r):
        copy = r.take(SAMPLES["curl"])
        out = r.folder / "out" / ("edited%d.scap" % plugins)
        r.lines("editcap", copy, out, plugins=plugins)
        same(r, out, read(r, copy))
        out = r.folder / "out" / ("reordered%d.scap" % plugins)
        r.lines("reordercap", copy, out, plugins=plugins)
        same(r, out, read(r, copy))
    return test


def merged(plugins):
    def test(r):
        copies = [r.take(SAMPLES[name]) for name in ("server", "curl", "script")]
        out = r.folder / "out" / ("merged%d.scap" % plugins)
        r.lines("mergecap", "-w", out, *copies, plugins=plugins)
        wanted = sorted(sum((read(r, c) for c in copies), []))
        assert sorted(told(r, out)) == wanted
        assert sorted(read(r, out)) == wanted
        again = r.folder / "out" / ("again%d.scap" % plugins)
        r.lines("reordercap", out, again, plugins=plugins)
        assert sorted(told(r, again)) == wanted and sorted(read(r, again)) == wanted
        return "%d events" % len(wanted)
    return test


def capinfos(r):
    copy = r.take(SAMPLES["curl"])
    said = r.lines("capinfos", "-c", "-T", "-M", copy)
    assert said[-1].split("\t")[1] == str(len(read(r, copy))), said


def wrapped(r):
    data = SAMPLES["curl"].read_bytes()
    wanted = read(r, r.take(SAMPLES["curl"]))
    assert told(r, r.write("curl.scap.gz", gzip.compress(data))) == wanted
    assert told(r, r.write("curl.scap.zst", zstandard.ZstdCompressor().compress(data))) == wanted
    twice = r.lines("tshark", "-2", "-r", r.folder / "curl.scap.gz", *FIELDS)
    assert [line.split() for line in twice] == wanted


def from_a_pipe(r):
    done = r.run("tshark", "-r", "-", *FIELDS, input=SAMPLES["curl"].read_bytes())
    found = [line.split() for line in done.stdout.decode().splitlines()]
    assert found == read(r, r.take(SAMPLES["curl"])), done.stderr


def concatenated(r):
    copies = [r.take(SAMPLES[name]) for name in ("curl", "server", "failing")]
    both = r.write("both.scap", b"".join(c.read_bytes() for c in copies))
    same(r, both, sum((read(r, c) for c in copies), []))
    doubled = r.write("doubled.scap", copies[0].read_bytes() * 2)
    same(r, doubled, read(r, copies[0]))


def cut_short(r):
    data = SAMPLES["server"].read_bytes()
    shown = set()
    for part in (0.3, 0.6, 0.9, 0.99):
        path = r.write("cut.scap", data[:int(len(data) * part)])
        done = r.run("tshark", "-r", path, *FIELDS)
        found = [line.split() for line in done.stdout.decode().splitlines()]
        assert b"cut short" in done.stderr, done.stderr
        assert found == read(r, path)
        shown.add(len(found))
    assert max(shown) > 0


def blocks(data):
    at = 0
    while at < len(data):
        n = struct.unpack_from("<I", data, at + 4)[0]
        yield data[at:at + n]
        at += n


def packet(time_ns, payload):
    """An Enhanced Packet Block of interface 1."""
    body = struct.pack("<IIIII", 1, time_ns >> 32, time_ns & 0xffffffff, len(payload), len(payload))
    body += payload + bytes(-len(payload) % 4)
    return struct.pack("<II", 6, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def with_packets(r):
    """Packets before, between and behind the blocks of events come out in order of time, whatever stands where."""
    copy = r.take(SAMPLES["server"])
    times = [int(t) for t in r.scapread("-r", copy, "-p", "%evt.rawtime")]
    section, interface, *rest = blocks(copy.read_bytes())
    ethernet = struct.pack("<IIHHIHHII", 1, 32, 1, 0, 65535, 9, 1, 9, 0) + struct.pack("<I", 32)
    stamps = times[::40]
    packets = [packet(t, b"\xff" * 12 + b"\x88\xb5" + struct.pack("<Q", i)) for i, t in enumerate(stamps)]
    for name, arranged in (("early", packets + rest), ("late", rest + packets),
                           ("between", rest[:3] + packets[:9] + rest[3:] + packets[9:])):
        path = r.write(name + ".scap", section + interface + ethernet + b"".join(arranged))
        found = r.lines("tshark", "-r", path, "-T", "fields", "-e", "frame.time_epoch", "-e", "scap.evt.num", "-e",
                        "eth.dst")
        rows = [line.split("\t") for line in found]
        assert len(rows) == len(times) + len(packets), f"{name}: {len(rows)}"
        assert [row[0] for row in rows] == sorted(row[0] for row in rows), name + ": not in order of time"
        assert sum(row[2] == "ff:ff:ff:ff:ff:ff" for row in rows) == len(packets), name
        twice = r.lines("tshark", "-2", "-r", path, "-T", "fields", "-e", "frame.time_epoch", "-e", "scap.evt.num",
                        "-e", "eth.dst")
        assert twice == found, name + ": a second pass says something else"
        edited_again = r.folder / "out" / (name + "-edited.scap")
        r.lines("editcap", path, edited_again)
        assert sorted(r.lines("tshark", "-r", edited_again, "-T", "fields", "-e", "frame.time_epoch")) == \
            sorted(row[0] for row in rows)
    return "%d packets among %d events" % (len(packets), len(times))


def damaged_block(r):
    """One block costs that block, and is told with the next event."""
    copy = r.take(SAMPLES["blocked"])
    parts = list(blocks(copy.read_bytes()))
    kinds = [struct.unpack_from("<H", b, 20)[0] for b in parts]
    events = [i for i, k in enumerate(kinds) if k == 4 and i > 1]
    assert len(events) >= 2, kinds
    at = events[0]
    bad = bytearray(parts[at])
    header = struct.unpack_from("<I", bad, 48)[0]
    bad[header + 20:header + 40] = bytes(20)
    path = r.write("damaged.scap", b"".join(parts[:at]) + bytes(bad) + b"".join(parts[at + 1:]))
    found = r.lines("tshark", "-r", path, "-Y", "scap.lost.count", "-T", "fields", "-e", "scap.lost.count")
    lost = len(read(r, copy)) - len(told(r, path))
    assert lost > 0 and found == [str(lost)], (lost, found)
    assert "Warns (1)" in r.lines("tshark", "-q", "-r", path, "-z", "expert"), "no warning"


def sealed(block):
    """A block of ours whose header and data are there: lengths and checksums that fit."""
    header = struct.unpack_from("<I", block, 48)[0]
    block[4:8] = struct.pack("<I", len(block) + 8)
    block[header - 4:header] = struct.pack("<I", zlib.crc32(block[:header - 4]))
    return bytes(block + struct.pack("<II", zlib.crc32(block), len(block) + 8))


def lost_packets(r):
    """Packets that were lost are no events."""
    copy = r.take(SAMPLES["curl"])
    *parts, last = blocks(copy.read_bytes())
    rows = b"".join(struct.pack("<QQIIQ", 1, 2, 0, kind, n) for kind, n in ((8, 5), (2, 3)))
    for name, data, n, words in (("packets", rows[:32], 1, "5 network packets"),
                                 ("both", rows, 2, "3 events and 5 network packets")):
        head = last[:20] + struct.pack("<HH", 5, 0) + last[24:48] + struct.pack("<III", 60, n, 0)
        path = r.write(name + "-lost.scap", b"".join(parts) + sealed(bytearray(head + data)))
        assert r.lines("tshark", "-r", path, "-Y", "scap.lost", "-T", "fields", "-e", "scap.lost", "-e", "scap.lost.class",
                       "-e", "_ws.col.Info") == ["%d\t%s\t%s lost" % (3 * (n - 1), "8,2"[:2 * n - 1], words)]


TESTS = [("editcap and reordercap keep all, with the plugins", edited(True)),
         ("editcap and reordercap keep all, without", edited(False)),
         ("mergecap keeps all, with the plugins", merged(True)),
         ("mergecap keeps all, without", merged(False)),
         ("capinfos counts events", capinfos), ("gzip and zstd", wrapped), ("from a pipe", from_a_pipe),
         ("captures behind each other", concatenated), ("cut short", cut_short),
         ("packets beside events", with_packets), ("a damaged block", damaged_block),
         ("lost packets", lost_packets)]
sys.exit(pr.tap(TESTS, sys.argv[1]))
