#!/usr/bin/python3
"""scapcap as a capture interface of Wireshark: tshark -i scapcap captures a live curl, alone and beside -i lo.

usage: extcap.py BUILD-ROOT      TAP on standard output

Needs root: as root, Wireshark looks for such programs in its own folder alone, so that ours is put in its place, in a
mount namespace of the test's own.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from plugin_runner import tap

SCRIPT = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
FIELDS = ["frame.interface_name", "scap.evt.type", "scap.proc.name", "scap.fd.name", "tcp.flags.str"]


def said(runner, *words):
    return subprocess.run([runner.build / "scapcap", *words], capture_output=True, text=True, timeout=30, check=False)


def server(folder):
    """A web server of Python's, and its port."""
    log = open(folder / "server.log", "w+", encoding="utf-8")
    child = subprocess.Popen([sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"], cwd=folder, stdout=log,
                             stderr=subprocess.STDOUT)
    for _ in range(250):
        words = (folder / "server.log").read_text().split()
        if "port" in words:
            return child, int(words[words.index("port") + 1])
        time.sleep(0.02)
    child.kill()
    raise AssertionError("the server does not begin")


def capture(runner, *words):
    """What tshark wrote with these options, as rows of FIELDS. As root, and so without plugins."""
    folders = subprocess.run(["tshark", "-G", "folders"], capture_output=True, text=True, timeout=60, check=True).stdout
    theirs = next(line.split("\t")[-1].strip() for line in folders.splitlines() if line.startswith("Extcap path"))
    with tempfile.TemporaryDirectory() as name:
        ours, out = pathlib.Path(name, "extcap"), pathlib.Path(name, "out.pcapng")
        ours.mkdir()
        (ours / "scapcap").symlink_to(runner.build.resolve() / "scapcap")
        done = subprocess.run(["unshare", "-m", "sh", "-c", SCRIPT, "sh", ours, theirs, "tshark", *words, "-w", out],
                              capture_output=True, text=True, timeout=90, check=False, env=dict(os.environ, HOME=name))
        assert done.returncode == 0 and out.exists(), done.stderr
        copy = runner.take(out, "live.pcapng")
    fields = [word for field in FIELDS for word in ("-e", field)]
    return [line.split("\t") for line in runner.lines("tshark", "-r", copy, "-T", "fields", *fields)]


def questions(runner):
    assert "interface {value=scapcap}" in said(runner, "--extcap-interfaces", "--extcap-version=4.0").stdout
    assert said(runner, "--extcap-interface", "scapcap", "--extcap-dlts").stdout.startswith("dlt {number=252}")
    config = said(runner, "--extcap-interface", "scapcap", "--extcap-config").stdout
    for call in ("--filter", "--snaplen", "--command", "--user"):
        assert "{call=%s}" % call in config, config
    good = said(runner, "--extcap-interface", "scapcap", "--extcap-capture-filter", "evt.type=open")
    assert (good.returncode, good.stdout) == (0, "")
    bad = said(runner, "--extcap-interface=scapcap", "--extcap-capture-filter=evt.tpe=open")
    assert bad.returncode and "did you mean evt.type" in bad.stdout
    for words in (["--extcap-interface", "eth0", "--extcap-dlts"], ["--extcap-interface", "scapcap"],
                  ["--extcap-interface", "scapcap", "--capture"], ["--extcap-nonsense"]):
        done = said(runner, *words)
        assert done.returncode == 2 and done.stderr.startswith("scapcap: "), (words, done.stderr)


def command(runner):
    child, port = server(runner.folder)
    try:
        rows = capture(runner, "-i", "scapcap", "-o", f"extcap.scapcap.command:curl -s -o got http://127.0.0.1:{port}/")
    finally:
        child.kill()
    calls = [row[1] for row in rows if row[2] == "curl"]
    assert "connect" in calls and "sendto" in calls and calls[0] == "execve", calls[:5]
    assert all(row[0] == "scapcap" for row in rows)
    return f"{len(rows)} calls"


def filtered(runner):
    child, port = server(runner.folder)
    try:
        rows = capture(runner, "-i", "scapcap", "-f", "evt.type in (connect, sendto)", "-o",
                       f"extcap.scapcap.command:curl -s -o got http://127.0.0.1:{port}/")
    finally:
        child.kill()
    assert {row[1] for row in rows} == {"connect", "sendto"}, rows


def beside_packets(runner):
    """Both interfaces end with time; what is watched is not this test but its own curl."""
    child, port = server(runner.folder)
    curl = subprocess.Popen(["sh", "-c", f"while :; do curl -s -o /dev/null http://127.0.0.1:{port}/; sleep 0.2; done"])
    try:
        rows = capture(runner, "-i", "scapcap", "-f", "proc.name=curl and evt.type in (connect, sendto)", "-i", "lo", "-f",
                       f"tcp port {port}", "-a", "duration:8")
    finally:
        curl.kill()
        child.kill()
    calls = [row for row in rows if row[0] == "scapcap"]
    packets = [row for row in rows if row[0] == "lo"]
    assert {row[1] for row in calls} == {"connect", "sendto"} and any(f":{port}" in row[3] for row in calls), calls[:5]
    assert len(packets) > 8 and all(row[4] for row in packets), packets[:5]
    return f"{len(calls)} calls, {len(packets)} packets"


def main():
    build = pathlib.Path(sys.argv[1])
    if os.geteuid():
        print("1..0 # SKIP capturing, and mounting, need root")
        return 0
    if not (build / "capture" / "engine.bpf.o").exists():
        print("1..0 # SKIP scapcap was built without BPF")
        return 0
    doctor = subprocess.run([build / "scapcap", "--doctor"], capture_output=True, text=True, timeout=60, check=False)
    if doctor.returncode:
        print("1..0 # SKIP no engine here: " + " ".join(line for line in doctor.stdout.splitlines() if line[:2] != "ok"))
        return 0
    return tap([("questions are answered", questions), ("tshark -i scapcap captures a command", command),
                ("with a capture filter", filtered), ("together with -i lo in one file", beside_packets)], build)


if __name__ == "__main__":
    sys.exit(main())
