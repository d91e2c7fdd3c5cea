#!/usr/bin/python3
"""tshark, with the plugins, shows the events of every capture that scapread shows, and all its ways of showing work.

usage: records.py BUILD-ROOT      TAP on standard output
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import plugin_runner as pr  # noqa: E402

CURL = pr.SOURCE / "samples" / "curl.scap"


def same_events(path):
    def test(r):
        copy = r.take(path)
        wanted = r.scapread("-r", copy, "-p", "*%evt.num %evt.type %proc.name %thread.tid %evt.rawtime")
        form = []
        for name in ("evt.num", "evt.type", "proc.name", "thread.tid", "evt.rawtime"):
            form += ["-e", "scap." + name]
        found = r.lines("tshark", "-r", copy, "-T", "fields", *form, "-E", "separator=/s")
        assert len(found) == len(wanted), f"{len(found)} records, {len(wanted)} events"
        for a, b in zip(found, wanted):
            a, b = (t.replace("<NA>", "").split() for t in (a, b))
            assert a == b, f"tshark {a}, scapread {b}"
        twice = r.lines("tshark", "-2", "-r", copy, "-T", "fields", *form, "-E", "separator=/s")
        assert twice == found, "a second pass says something else"
        return "%d events" % len(found)
    return test


def info_column(r):
    copy = r.take(CURL)
    found = r.lines("tshark", "-r", copy, "-T", "fields", "-e", "_ws.col.Info")
    wanted = r.scapread("-r", copy, "-p", "*%evt.dir %evt.type %evt.info")
    for a, b in zip(found, wanted):
        assert a[:200].rstrip() == b[:200].rstrip() or len(b) > 1000, f"tshark '{a}', scapread '{b}'"
    return "%d lines" % len(found)


def as_json(r):
    copy = r.take(CURL)
    packets = json.loads("\n".join(r.lines("tshark", "-r", copy, "-T", "json")))
    wanted = len(r.scapread("-r", copy))
    assert len(packets) == wanted
    assert all("scap" in p["_source"]["layers"] for p in packets)


def as_pdml(r):
    text = "\n".join(r.lines("tshark", "-r", r.take(CURL), "-T", "pdml", "-c", "50"))
    assert text.count('<proto name="scap"') == 50


def statistics(r):
    copy = r.take(CURL)
    say = lambda what: "\n".join(r.lines("tshark", "-q", "-r", copy, "-z", what))
    n = len(r.scapread("-r", copy))
    conversations = say("conv,scap")
    assert "curl (65)" in conversations and "libc.so.6" in conversations, conversations
    assert "curl (65)" in say("endpoints,scap")
    failed = len(r.scapread("-r", copy, "evt.failed=true"))
    io = say("io,stat,0,scap.evt.failed==1")
    assert "| %6d |" % failed in io, f"{failed} failed calls: {io}"
    expert = say("expert")
    assert "ENOENT" in expert and "Notes (%d)" % failed in expert, expert
    tree = say("scap,tree").splitlines()
    assert any(line.split()[:2] == ["Calls", str(n)] for line in tree if line.strip()), tree[:8]
    opens = len(r.scapread("-r", copy, "evt.type=openat"))
    times = [line.split() for line in say("scap,srt").splitlines()]
    assert any(w[1:3] == ["openat", str(opens)] for w in times), times


def follow(r):
    copy = r.take(CURL)
    streams = set(r.lines("tshark", "-r", copy, "-Y", "http", "-T", "fields", "-e", "scap.stream"))
    assert len(streams) == 1, streams
    text = "\n".join(r.lines("tshark", "-q", "-r", copy, "-z", "follow,scap,ascii," + streams.pop()))
    assert "GET / HTTP/1.1" in text and "It is a quiet day." in text, text


def other_dissectors(r):
    copy = r.take(CURL)
    found = r.lines("tshark", "-2", "-r", copy, "-Y", "http", "-T", "fields", "-e", "http.request.method",
                    "-e", "http.response.code", "-e", "_ws.col.Source")
    # the headers of the answer, then the page; the line stays the event's
    assert [line.split("\t") for line in found] == \
        [["GET", "", "curl (65)"], ["", "200", "curl (65)"], ["", "", "curl (65)"]], found
    frames = r.lines("tshark", "-2", "-r", copy, "-Y", "http.request", "-T", "fields", "-e", "frame.number")
    answered = r.lines("tshark", "-2", "-r", copy, "-Y", "http.response", "-T", "fields", "-e", "http.request_in")
    assert frames == answered, (frames, answered)


def saved_again(r):
    """What was saved from a selection says the same without the file reader."""
    copy = r.take(CURL)
    form = ["-T", "fields", "-e", "scap.evt.num", "-e", "scap.fd.name", "-e", "scap.proc.cmdline", "-e", "scap.evt.args"]
    wanted = r.lines("tshark", "-r", copy, "-Y", 'scap.fd.name contains "/etc"', *form)
    saved = r.folder / "out" / "saved.pcapng"
    r.lines("tshark", "-r", copy, "-Y", 'scap.fd.name contains "/etc"', "-w", saved)
    reader = next((r.folder / "plugins").glob("*/wiretap/scapkit_file.so"))
    kept = reader.read_bytes()
    reader.unlink()
    try:
        found = r.lines("tshark", "-r", saved, *form)
    finally:
        reader.write_bytes(kept)
    assert found == wanted and len(wanted) > 10
    return "%d records" % len(found)


TESTS = [("the events of " + path.name, same_events(path)) for path in pr.captures()] + [
    ("the info column is scapread's line", info_column),
    ("-T json", as_json),
    ("-T pdml", as_pdml),
    ("-z conv, endpoints, io,stat, expert, tree, srt", statistics),
    ("-z follow", follow),
    ("what is said over sockets is dissected", other_dissectors),
    ("a saved selection needs the dissector alone", saved_again),
]
if not pr.SHARED.is_dir():
    print("# captures of others are not beside the checkout: skipped")
sys.exit(pr.tap(TESTS, sys.argv[1]))
