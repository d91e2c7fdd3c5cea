#!/usr/bin/python3
"""What the columns of a capture's EVENTS take. usage: column_sizes.py CAPTURE

Prints the number of events, then a line for each column and each other kind of block: bytes an event, name.
"""
import collections
import struct
import sys

COLUMNS = ("time", "duration", "tid", "type", "cpu", "flags", "result", "fd", "sysno", "absent", "as_is",
           "state values", "bulk values", "tids", "state fields", "bulk fields", "gaps", "durations")
KINDS = {1: "CAPTURE", 2: "SCHEMA", 3: "STATE", 5: "LOSS", 6: "INDEX"}
CUSTOM, EVENTS = 0xBAD, 4


def sizes_of(data):
    """Number of events, and bytes by what they are for."""
    sizes, n, at = collections.Counter(), 0, 0
    while at + 12 <= len(data):
        block, total = struct.unpack_from("<II", data, at)
        kind, = struct.unpack_from("<H", data, at + 20) if block == CUSTOM else (0,)
        if kind != EVENTS:
            sizes[KINDS.get(kind, "others")] += total
        else:
            n += struct.unpack_from("<I", data, at + 52)[0]
            n_types, n_slices = struct.unpack_from("<HH", data, at + 88)
            rows = at + 172 + 8 * n_types
            sizes["headers"] += total
            for row in range(rows, rows + 12 * n_slices, 12):
                column, is_frame, _, _, stored = struct.unpack_from("<BBBBI", data, row)
                if is_frame:
                    sizes[COLUMNS[column]] += stored
                    sizes["headers"] -= stored
        at += max(total, 12)
    return n, sizes


def main():
    with open(sys.argv[1], "rb") as file:
        n, sizes = sizes_of(file.read())
    print(n)
    for name, size in sizes.most_common():
        print("%8.3f  %s" % (size / max(n, 1), name))


if __name__ == "__main__":
    main()
