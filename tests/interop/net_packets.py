#!/usr/bin/python3
"""Conversations rebuilt by -F pcapng, beside what a real tcpdump saw of the same run.

usage: net_packets.py BUILD-ROOT      TAP on standard output

An HTTP request (curl and a server of Python's), a DNS query, a Redis session and a UDP exchange over IPv6 are captured
as system calls (scapcap -s 65535, both ends of each) while tcpdump records the loopback interface. Of what scapread
makes of it, tshark must find each request once, nothing malformed, every checksum right; and in each direction of each
conversation the payload bytes must be tcpdump's.
"""
import collections
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

NEEDED = ["curl", "tcpdump", "tshark", "redis-server", "redis-cli"]
BODY = os.urandom(30000).hex().encode()      # in one call, and no more than -s 65535 keeps of one
LAST = b"this was all of it"

# A little DNS server: it answers any query with the address 192.0.2.7, once or as often as asked.
DNS_SERVER = r"""
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    q, peer = s.recvfrom(512)
    end = q.index(b"\0", 12) + 5
    s.sendto(q[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + q[12:end] + b"\xc0\x0c\0\1\0\1\0\0\0\5\0\4" + bytes([192, 0, 2, 7]), peer)
"""
DNS_CLIENT = r"""
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
name = b"".join(bytes([len(l)]) + l for l in b"www.example.org".split(b".")) + b"\0"
s.sendto(b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1", ("127.0.0.1", int(sys.argv[1])))
assert s.recvfrom(512)[0][-4:] == bytes([192, 0, 2, 7])
"""
UDP6 = r"""
import socket, sys
a = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); a.bind(("::1", int(sys.argv[1])))
b = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); b.bind(("::1", 0))
for i in range(20):
    a.sendto(b"to and fro %d" % i, b.getsockname()); data, peer = b.recvfrom(100); b.sendto(data.upper(), peer); a.recvfrom(100)
"""


# Our servers, each with its transport and what tshark is told to take it for. It asks the lower port first: theirs are
# below those that the kernel gives to clients, some of which are known for other protocols (37008: TZSP).
SERVERS = {"http": ("tcp", "http"), "dns": ("udp", "dns"), "redis": ("tcp", "resp"), "udp6": ("udp", "data")}
Ports = collections.namedtuple("Ports", SERVERS)


def free_port(transport):
    with socket.socket(socket.AF_INET, {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[transport]) as s:
        while True:
            try:
                s.bind(("127.0.0.1", random.randrange(10000, 32768)))
                return s.getsockname()[1]
            except OSError:
                pass


def decode_as(ports):
    return [word for (transport, protocol), port in zip(SERVERS.values(), ports)
            for word in ("-d", f"{transport}.port=={port},{protocol}")]


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.05)
    raise SystemExit("Bail out! waited in vain")


def script(http, dns, redis, udp6):
    """What is captured: servers, their clients, and the end of all of them."""
    return f"""
cd site; /usr/bin/python3 -m http.server --bind 127.0.0.1 {http} >/dev/null 2>&1 & web=$!
/usr/bin/python3 -c '{DNS_SERVER}' {dns} & names=$!
redis-server --port {redis} --bind 127.0.0.1 --save "" --appendonly no --daemonize no >/dev/null & redis=$!
for i in $(seq 100); do curl -s -o /dev/null http://127.0.0.1:{http}/small && redis-cli -p {redis} ping >/dev/null 2>&1 && grep -q ':{dns:04X} ' /proc/net/udp && break; sleep 0.1; done
curl -s http://127.0.0.1:{http}/big -o ../big.out
/usr/bin/python3 -c '{DNS_CLIENT}' {dns}
printf 'set k v\\nincr n\\nget k\\n' | redis-cli -p {redis} >/dev/null
/usr/bin/python3 -c '{UDP6}' {udp6}
kill $web $names $redis; wait
"""


def tshark(path, *words):
    done = subprocess.run(["tshark", "-r", str(path), *words], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise SystemExit(f"Bail out! tshark {words}: {done.stderr}")
    return done.stdout.splitlines()


def payloads(path, ports):
    """Bytes by direction (protocol and both ends): streams joined in order of sequence, datagrams as a list."""
    streams, datagrams = collections.defaultdict(dict), collections.defaultdict(list)
    fields = ["ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport",
              "tcp.seq", "tcp.payload", "udp.payload", "udp.stream"]
    words = ["-o", "tcp.desegment_tcp_streams:FALSE", "-T", "fields"]
    for field in fields:
        words += ["-e", field]
    for line in tshark(path, *words):
        r = dict(zip(fields, line.split("\t")))
        ends = (r["ip.src"] or r["ipv6.src"], r["tcp.srcport"] or r["udp.srcport"],
                r["ip.dst"] or r["ipv6.dst"], r["tcp.dstport"] or r["udp.dstport"])
        if not ports & {int(ends[1]), int(ends[3])}:
            continue
        if r["tcp.payload"]:
            streams[ends].setdefault(int(r["tcp.seq"]), bytes.fromhex(r["tcp.payload"]))
        if r["udp.payload"]:
            datagrams[ends].append(bytes.fromhex(r["udp.payload"]))
    found = {ends: b"".join(parts[seq] for seq in sorted(parts)) for ends, parts in streams.items()}
    return found, dict(datagrams)


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def check(self, good, words, why=""):
        self.n += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {words}")
        if not good and why:
            print("# " + str(why)[:1500].replace("\n", "\n# "))

    def end(self):
        print(f"1..{self.n}")
        return self.failed != 0


def capture(build, folder):
    ports = Ports(*(free_port(transport) for transport, _ in SERVERS.values()))
    real, calls = folder / "real.pcap", folder / "calls.scap"
    dump = subprocess.Popen(["tcpdump", "-i", "lo", "-s", "0", "-B", "32768", "-U", "--immediate-mode", "-w", str(real), "tcp or udp"],
                            stderr=subprocess.PIPE, text=True)
    dump.stderr.readline()              # "listening on"
    done = subprocess.run([str(build / "scapcap"), "-s", "65535", "-w", str(calls), "--", "sh", "-c", script(*ports)],
                          cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    # one more packet: when tcpdump has written that, it has written all
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(LAST, ("127.0.0.1", free_port("udp")))
    wait_for(lambda: LAST in real.read_bytes())
    dump.send_signal(signal.SIGINT)
    dump.wait(20)
    return ports, real, calls, done


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    missing = [n for n in NEEDED if not shutil.which(n)]
    if missing or os.geteuid():
        print("1..0 # SKIP " + (f"not installed: {' '.join(missing)}" if missing else "tcpdump needs root"))
        return 0
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "site").mkdir()
        (folder / "site/small").write_bytes(b"small")
        (folder / "site/big").write_bytes(BODY)
        ports, real, calls, done = capture(build, folder)
        tap.check(done.returncode == 0 and (folder / "big.out").read_bytes() == BODY, "the programs ran", done.stderr)
        net = folder / "net.pcapng"
        done = subprocess.run([str(build / "scapread"), "-r", str(calls), "-F", "pcapng", "-w", str(net)],
                              capture_output=True, text=True, check=False)
        tap.check(done.returncode == 0 and not done.stderr, "-F pcapng says nothing", done.stderr)
        compare(tap, ports, real, net)
        one_side(tap, build, folder, calls, ports)
    return tap.end()


def requests(path, ports):
    """Those to our server: what else runs on this machine may speak HTTP over lo too."""
    return sorted(tshark(path, *decode_as(ports), "-Y", f"http.request && tcp.dstport == {ports.http}", "-T", "fields", "-e", "http.request.uri"))


def compare(tap, ports, real, net):
    known = decode_as(ports)
    ours, theirs = requests(net, ports), requests(real, ports)
    tap.check(ours == theirs and ours.count("/big") == 1, "each HTTP request is there once", f"{ours}, tcpdump has {theirs}")
    names = tshark(net, *known, "-Y", 'dns.qry.name == "www.example.org"')
    tap.check(len(names) == 2, "tshark sees the DNS query and its answer", names)
    asked = tshark(net, *known, "-Y", f"resp && tcp.dstport=={ports.redis}", "-T", "fields", "-e", "resp.bulk_string.value")
    words = [bytes.fromhex(h).decode(errors="replace") for p in asked for h in p.split(",")]
    tap.check([w for w in words if w in ("set", "k", "v", "incr", "n", "get")] == "set k v incr n get k".split(),
              "tshark sees the Redis session", words)
    bad = tshark(net, *known, "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
                 "-Y", "_ws.malformed || tcp.checksum.status == 0 || udp.checksum.status == 0 || ip.checksum.status == 0"
                 " || tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment || tcp.analysis.retransmission")
    tap.check(not bad, "nothing malformed, no bad checksum, no segment lost or sent twice", "\n".join(bad))
    good = tshark(net, "-o", "tcp.check_checksum:TRUE", "-Y", "tcp.checksum.status == 1")
    tap.check(len(good) > 20, "and the checksums were looked at", len(good))
    words = tshark(net, *known, "-Y", "http.request", "-T", "fields", "-e", "frame.comment")
    # whose call ends first: the sender's nearly always, but the receiver may be on the other CPU
    ours = re.compile(r"curl \(pid \d+.*sendto = |python3 \(pid \d+.*(recvfrom|read) = ", re.DOTALL)
    tap.check(words and all(ours.match(w) for w in words), "comments say who", words)
    for kind, ours, theirs in zip(("stream", "datagrams"), payloads(net, set(ports)), payloads(real, set(ports))):
        for ends in sorted(set(ours) | set(theirs)):
            tap.check(ours.get(ends) == theirs.get(ends), f"{kind} {' '.join(ends)}",
                      f"{len(ours.get(ends) or '')} bytes or datagrams, tcpdump has {len(theirs.get(ends) or '')}")


def one_side(tap, build, folder, calls, ports):
    """What the filter leaves of one end alone gives the same requests."""
    net = folder / "client.pcapng"
    subprocess.run([str(build / "scapread"), "-r", str(calls), "-F", "pcapng", "-w", str(net),
                    "proc.name in (curl, redis-cli)"], check=True)
    tap.check(requests(net, ports).count("/big") == 1, "the client's end alone", requests(net, ports))
    tap.check(tshark(net, *decode_as(ports), "-Y", "http.response.code == 200 && http.content_length == 5"), "and answers to it")


if __name__ == "__main__":
    sys.exit(main())
