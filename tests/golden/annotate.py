#!/usr/bin/python3
"""The bytes of a small capture with what they mean, as section 16 of format/SPEC.md shows them.

usage: annotate.py FILE.scap              the listing on standard output
       annotate.py --check FILE.scap SPEC.md
"""
import struct
import sys

import zstandard

KINDS = {1: "CAPTURE", 2: "SCHEMA", 3: "STATE", 4: "EVENTS", 5: "LOSS", 6: "INDEX"}
COLUMNS = ["time", "duration", "tid", "type", "cpu", "flags", "result", "fd", "sysno", "absent",
           "as_is", "state values", "bulk values", "tids", "state fields", "bulk fields", "gaps", "durations"]
BYTES = (11, 12, 14, 15)  # columns that are no numbers
TAGS = {1: "hostname", 2: "kernel", 3: "arch", 4: "os", 5: "application", 6: "engine", 7: "filter",
        8: "command", 9: "comment"}
MARK = "<!-- listing -->"
FORMATS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q"}


class Listing:
    def __init__(self, data):
        self.data, self.at, self.lines = data, 0, []

    def raw(self, size, words):
        """Bytes with words beside the first 16 of them."""
        for i in range(0, size, 16):
            part = self.data[self.at + i:self.at + min(i + 16, size)]
            self.lines.append(("%04x  %-48s %s" % (self.at + i, part.hex(" "), words if i == 0 else "")).rstrip())
        self.at += size

    def number(self, kind, words, form="%d"):
        value, = struct.unpack_from(FORMATS[kind], self.data, self.at)
        self.raw(struct.calcsize(FORMATS[kind]), "%s %s = %s" % (kind, words, form % value))
        return value

    def note(self, words):
        self.lines.append("      %s" % words)

    def title(self, words):
        self.lines += ["", "%04x  %s" % (self.at, words)]


def show_bytes(data):
    return "".join(chr(c) if 0x20 <= c < 0x7f else "." for c in data)


def show_frame(out, size, words, prefix=b""):
    """Returns what the frame holds."""
    frame = out.data[out.at:out.at + size]
    prefix = zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if prefix else None
    content = zstandard.ZstdDecompressor(dict_data=prefix).decompress(frame)
    out.raw(size, "zstd frame: " + words)
    if words.startswith("column"):
        out.note("  decompressed: %s" % content.hex(" "))
        return content
    out.note("  decompressed, %d bytes:" % len(content))
    for i in range(0, len(content), 16):
        part = content[i:i + 16]
        out.note("  %04x  %-48s %s" % (i, part.hex(" "), show_bytes(part)))
    return content


def show_padding(out, end):
    if out.at < end:
        out.raw(end - out.at, "padding")


def show_capture(out, start, data_at):
    out.number("u16", "version major")
    out.number("u16", "version minor")
    for name in ("compatible features", "incompatible features", "start time", "boot time", "memory"):
        out.number("u64", name)
    for name in ("CPUs", "snaplen", "page size", "clock"):
        out.number("u32", name)
    size = out.number("u32", "length of texts")
    out.raw(4, "header checksum")
    while out.at < data_at + size:
        tag, length = struct.unpack_from("<HH", out.data, out.at)
        text = out.data[out.at + 4:out.at + 4 + length]
        out.raw(4 + length, "text %d (%s), %d bytes: %s" % (tag, TAGS[tag], length, show_bytes(text)))


def show_packed(out, first):
    for kind, name in first:
        out.number(kind, name)
    out.number("u32", "raw length")
    size = out.number("u32", "frame length")
    out.raw(4, "header checksum")
    show_frame(out, size, "records or entries")


def show_slices(out, n):
    frames = []
    for _ in range(n):
        column, kind, width, shift = out.data[out.at:out.at + 4]
        value, = struct.unpack_from("<Q", out.data, out.at + 4)
        if kind == 0:
            words = "constant %d" % value
        else:
            frames.append((column, value & 0xffffffff,
                           "column %s, width %d, shift %d" % (COLUMNS[column], width, shift)
                           if column not in BYTES else COLUMNS[column]))
            words = "frame, width %d, shift %d, %d bytes stored, %d raw" % (
                width, shift, value & 0xffffffff, value >> 32)
        out.raw(12, "slice of column %d (%s): %s" % (column, COLUMNS[column], words))
    return frames


def show_events(out):
    out.number("u32", "n, events")
    out.number("u64", "number of the first event")
    out.number("u64", "time of the first event")
    out.number("u64", "time of the last event")
    out.number("u32", "hidden events")
    out.number("u32", "m, threads")
    types = out.number("u16", "t, types")
    slices = out.number("u16", "s, slices")
    out.raw(64, "thread summary")
    for words in ("list of gaps", "list of durations", "bytes of payload, state class", "the same, bulk class"):
        out.number("u32", words)
    for _ in range(types):
        row = struct.unpack_from("<HBBI", out.data, out.at)
        out.raw(8, "type %d, %s class, %d parameters, %d event" % (
            row[0], "state" if row[1] & 1 else "bulk", row[2], row[3]))
    frames = show_slices(out, slices)
    out.raw(4, "header checksum")
    prefix = b""
    for column, size, words in frames:
        content = show_frame(out, size, words, prefix if column == 12 else b"")
        prefix = content if column == 11 else prefix


def show_loss(out):
    n = out.number("u32", "n")
    out.raw(4, "header checksum")
    for _ in range(n):
        for kind, name in (("u64", "from"), ("u64", "to"), ("u32", "cpu"), ("u32", "class"), ("u64", "count")):
            out.number(kind, name)


def show_block(out):
    start = out.at
    kind, total = struct.unpack_from("<II", out.data, start)
    if kind != 0xBAD:
        out.title({0x0A0D0D0A: "Section Header Block", 1: "Interface Description Block"}[kind])
        out.number("u32", "block type", "0x%08x")
        out.number("u32", "total length")
        out.raw(total - 12, "as pcapng has it")
        out.number("u32", "total length")
        return
    what = struct.unpack_from("<H", out.data, start + 20)[0]
    out.title("%s" % KINDS[what])
    out.number("u32", "block type", "0x%08x")
    out.number("u32", "total length")
    out.number("u32", "enterprise number")
    out.raw(8, 'magic "SCAPKIT\\n"')
    out.number("u16", "kind")
    out.number("u16", "flags")
    out.raw(16, "capture id")
    out.number("u64", "sequence")
    header = out.number("u32", "header length")
    if what == 1:
        show_capture(out, start, start + header)
    elif what == 2:
        show_packed(out, [("u32", "rows")])
    elif what == 3:
        show_packed(out, [("u32", "state kind"), ("u32", "part"), ("u64", "time"), ("u64", "number of the event"),
                          ("u32", "records")])
    elif what == 4:
        show_events(out)
    elif what == 5:
        show_loss(out)
    else:
        show_packed(out, [("u32", "flags"), ("u32", "entries"), ("u64", "offset of the previous INDEX"),
                          ("u64", "its sequence"), ("u64", "events"), ("u64", "blocks")])
    show_padding(out, start + total - 8)
    out.raw(4, "block checksum")
    out.number("u32", "total length")


def listing(path):
    with open(path, "rb") as file:
        out = Listing(file.read())
    while out.at < len(out.data):
        show_block(out)
    return "```\n%s\n```\n" % "\n".join(out.lines[1:])


def main():
    if sys.argv[1] == "--check":
        with open(sys.argv[3], encoding="utf-8") as file:
            have = file.read().split(MARK + "\n")[1]
        if have != listing(sys.argv[2]):
            sys.exit("section 16 of %s is not the listing of %s" % (sys.argv[3], sys.argv[2]))
        return
    sys.stdout.write(listing(sys.argv[1]))


main()
