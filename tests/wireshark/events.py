#!/usr/bin/python3
"""What -F pcapng-events and -F pcapng write of events is, to the dissector, what the file reader makes of the capture.

usage: events.py BUILD-ROOT      TAP on standard output
"""
import sys

from plugin_runner import captures, tap

COLUMNS = ["frame.time_epoch", "scap.evt.num", "scap.evt.type", "scap.evt.cpu", "scap.evt.latency", "scap.thread.tid",
           "scap.proc.name", "scap.proc.exepath", "scap.proc.pname", "scap.fd.name", "scap.fd.num", "_ws.col.Info"]


def told(runner, path):
    words = ["tshark", "-r", path, "-T", "fields"]
    for column in COLUMNS:
        words += ["-e", column]
    return runner.lines(*words)


def convert(runner, path, form, *words):
    out = runner.folder / "out.pcapng"
    said = runner.scapread("-r", path, "-F", form, "-w", out, *words)
    assert not said, said
    out.chmod(0o644)
    return out


def same_records(runner):
    n = 0
    for path in captures():
        mine, theirs = told(runner, convert(runner, path, "pcapng-events")), told(runner, runner.take(path))
        assert len(mine) == len(theirs), f"{path.name}: {len(mine)} records, not {len(theirs)}"
        for a, b in zip(mine, theirs):
            assert a == b, f"{path.name}:\n{a}\n{b}"
        n += len(mine)
    return f"{n} records"


def parts(runner):
    """Of a part of a capture the records are the same, but for the time since the one before."""
    path = captures()[0]
    want = "evt.type in (openat, read, execve)"
    mine = told(runner, convert(runner, path, "pcapng-events", want))
    theirs = [line for line in told(runner, runner.take(path)) if line.split("\t")[2] in ("openat", "read", "execve")]
    assert mine == theirs and mine, (len(mine), len(theirs))
    return f"{len(mine)} records"


def unix_sockets(runner):
    n = 0
    for path in captures():
        # what net_call has as bytes: calls with data
        want = "fd.type=unix and evt.is_io=true and evt.rawres>0 and evt.arg.data exists and evt.dir=<"
        events = runner.scapread("-r", path, "-p", "%evt.num", want)
        net = convert(runner, path, "pcapng")
        mine = [line.split("\t")[1] for line in told(runner, net) if line.split("\t")[1]]
        assert mine == events, f"{path.name}: records {mine[:20]}, not {events[:20]}"
        n += len(mine)
    return f"{n} records of unix sockets"


if __name__ == "__main__":
    sys.exit(tap([("-F pcapng-events is what the file reader shows", same_records), ("a part of a capture", parts),
                  ("-F pcapng has what went through unix sockets", unix_sockets)], sys.argv[1]))
