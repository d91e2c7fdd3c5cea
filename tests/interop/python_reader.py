#!/usr/bin/python3
"""Compares scapread with read_scap.py, which was made from format/SPEC.md alone: both must find the same events with the same values.

usage: python_reader.py BUILD-ROOT [FILE...]     TAP on standard output

Without FILE: every file in tests/golden and samples, and a capture made now.
"""
import importlib.util
import ipaddress
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
READER = TOP / 'tests/interop/read_scap.py'
FAMILY_NAMES = {0: 'AF_UNSPEC', 1: 'AF_LOCAL|AF_UNIX', 2: 'AF_INET', 10: 'AF_INET6'}
UNFINISHED = 1  # event flag
PT_SOCKADDR, PT_SOCKTUPLE, PT_FDLIST, PT_SIGTYPE, PT_IPV4ADDR, PT_DYN, PT_IPV6ADDR = 12, 13, 16, 19, 26, 27, 38
PT_TEXTS, PT_ENUMFLAGS = (9, 17, 43), (44, 45, 46)


def lines(command, **more):
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace', timeout=100, **more)
    if run.returncode not in (0, 1):
        raise SystemExit(f'{command}: status {run.returncode}: {run.stderr}')
    return [json.loads(line) for line in run.stdout.split('\n') if line], run  # splitlines() knows more ends


def bytes_of(text):
    return text.encode('utf-8', 'surrogateescape')


def names_of(values, value, is_enumeration):
    """The names of a value, as SPEC section 15 says."""
    if is_enumeration or value == 0:
        return [name for v, name in values if v == value]
    names, rest = [], value
    for v, name in values:
        if v and v & rest == v:
            names.append(name)
            rest &= ~v
    return names


class Comparer:
    def __init__(self, rows):
        self.rows = rows

    def event(self, mine, theirs):
        """Yields what differs, as (what, mine, theirs)."""
        row = self.rows.get(mine['type'])
        pairs = {'number': 'evt.num', 'time': 'evt.time', 'duration': 'evt.latency', 'tid': 'thread.tid', 'cpu': 'evt.cpu', 'result': 'evt.res'}
        if row and row['name'] != 'syscall':
            pairs['name'] = 'evt.type'
        if (not row or row['result'] < 0) and 'evt.res' not in theirs:
            del pairs['result']  # such a result is not a parameter, and not shown
        for m, t in pairs.items():
            if mine[m] != theirs.get(t):
                yield t, mine[m], theirs.get(t)
        is_exit = (mine['type'] & 1 or mine['type'] >= 0x4000) and not mine['flags'] & UNFINISHED
        if theirs['evt.dir'] != ('<' if is_exit else '>'):
            yield 'evt.dir', mine['type'], theirs['evt.dir']
        if not row or row['name'] == 'syscall':
            return
        if list(mine['params']) != list(theirs['args']):
            yield 'args', list(mine['params']), list(theirs['args'])
            return
        for param in row['params']:
            m, t = mine['params'][param['name']], theirs['args'][param['name']]
            if not self.value(param, m, t):
                yield f"{row['name']}.{param['name']} (type {param['type']})", m, t

    def value(self, param, m, t):
        kind = param['type']
        if kind == PT_DYN and m is not None:
            return self.value(param['alternatives'][m['alternative']], m['value'], t)
        if m is None or t is None:
            return m is None and t is None
        if isinstance(t, dict) and 'value' in t:
            from_the_system = kind == PT_SIGTYPE or not param['values']
            return m == t['value'] and (from_the_system or t['names'] == names_of(param['values'], m, kind in PT_ENUMFLAGS))
        if kind in (PT_IPV4ADDR, PT_IPV6ADDR):
            return ipaddress.ip_address(m) == ipaddress.ip_address(t)
        if kind in (PT_SOCKADDR, PT_SOCKTUPLE):
            return self.address(m, t)
        if kind == PT_FDLIST:
            return [(i['fd'], i['flags']) for i in m] == [(i['fd'], i['events']['value']) for i in t]
        if isinstance(m, str) and kind not in PT_TEXTS:
            m = bytes.fromhex(m)
            if isinstance(t, list):  # texts, each with its NUL; the last one's may have been cut off
                return m.removesuffix(b'\0') == b'\0'.join(map(bytes_of, t))
            return m == bytes_of(t)
        return m == t

    def address(self, m, t):
        if t['family'] != FAMILY_NAMES.get(m['family'], t['family']):
            return False
        return all(ipaddress.ip_address(t[k]) == ipaddress.ip_address(v) if k in ('ip', 'sip', 'dip') else t[k] == v
                   for k, v in m.items() if k != 'family')


def compare(tools, path):
    """Returns (number of events, what differs)."""
    theirs, their_run = lines([tools / 'scapread', '-DD', '-v', '-j', '-r', path])
    mine, my_run = lines([READER, path])
    info, _ = lines([READER, '--info', path])
    packets = [t for t in theirs if 'packet.time' in t]
    theirs = [t for t in theirs if 'packet.time' not in t]
    comparer = Comparer({i['type']: i for i in info if 'traits' in i})
    wrong = []
    if my_run.returncode != their_run.returncode:
        wrong.append(f'status {my_run.returncode} here, {their_run.returncode} there: {my_run.stderr.strip()} / {their_run.stderr.strip()}')
    if len(mine) != len(theirs):
        wrong.append(f'{len(mine)} events here, {len(theirs)} there')
    for m, t in zip(mine, theirs):
        wrong.extend(f"event {m['number']}: {what}: {a!r} here, {b!r} there" for what, a, b in comparer.event(m, t))
    mine_of = [[p[k] for k in ('time', 'interface', 'link_type', 'captured', 'len')] for p in lines([READER, '--packets', path])[0]]
    theirs_of = [[p['packet.' + k] for k in ('time', 'interface', 'link_type', 'captured', 'len')] for p in packets]
    if mine_of != theirs_of:
        wrong.append(f'packets: {mine_of[:3]}... here, {theirs_of[:3]}... there')
    return len(mine) + len(packets), wrong


def capture(tools, path):
    """A capture of programs that use what samples lack. Returns why there is none."""
    if os.geteuid():
        return 'a capture needs root'
    if not (tools / 'scapcap').exists():
        return 'scapcap was not built'
    doctor = subprocess.run([tools / 'scapcap', '--doctor'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    if doctor.returncode:
        return 'no engine here: ' + ' '.join(line for line in doctor.stdout.splitlines() if not line.startswith('ok'))
    subprocess.run([tools / 'scapcap', '-q', '-w', path, '--env', '-s', '300', '-M', '5', '-i', 'lo', '--', '/usr/bin/python3', '-c', PROGRAM], check=True,
                   stdout=subprocess.DEVNULL, timeout=90)
    return None


# Addresses of three families, names that are not UTF-8, children, a signal, waiting, and a call that is still on when the capture ends.
PROGRAM = r"""
import os, select, signal, socket, subprocess, tempfile, threading, time
with tempfile.TemporaryDirectory() as folder:
    for family, address in (socket.AF_INET, ('127.0.0.1', 0)), (socket.AF_INET6, ('::1', 0)), (socket.AF_UNIX, folder + '/s'):
        try:
            server = socket.socket(family); server.bind(address); server.listen()
        except OSError:
            continue
        client = socket.socket(family); client.connect(server.getsockname()); other, _ = server.accept()
        client.sendall(bytes(range(256)) * 3); other.recv(1000)
        poll = select.poll(); poll.register(client, select.POLLIN | select.POLLOUT); poll.poll(1)
    name = os.fsencode(folder) + b'/\xff\xc3\xa9\x01'
    open(name, 'w').close(); os.chmod(name, 0o640); os.rename(name, name + b'2'); os.unlink(name + b'2')
subprocess.run(['sh', '-c', 'ls -l / | sort >/dev/null; echo "$0"', b'a\xffb'])
signal.signal(signal.SIGUSR1, lambda *_: None); os.kill(os.getpid(), signal.SIGUSR1)
thread = threading.Thread(target=time.sleep, args=(0.01,)); thread.start(); thread.join()
time.sleep(60)
"""


def main():
    tools, number, ok = pathlib.Path(sys.argv[1]), 0, True
    if not importlib.util.find_spec('zstandard'):
        print('1..0 # SKIP python3-zstandard is not installed')
        return 0

    def told(n, wrong, name):
        nonlocal number, ok
        number, ok = number + 1, ok and not wrong
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}: {n} events", *(f'# {w}'[:1000] for w in wrong[:20]), sep='\n', flush=True)

    with tempfile.TemporaryDirectory(prefix='scapkit-reader-') as folder:
        fresh = pathlib.Path(folder) / 'fresh.scap'
        for path in sys.argv[2:] or sorted(TOP.glob('tests/golden/*/*.scap')) + sorted(TOP.glob('samples/*.scap')):
            told(*compare(tools, path), pathlib.Path(path).name)
        if len(sys.argv) == 2:
            why_not = capture(tools, fresh)
            if why_not:
                number += 1
                print(f'ok {number} # SKIP {why_not}')
            else:
                told(*compare(tools, fresh), 'a fresh capture')
    print(f'1..{number}')
    return 0 if ok else 1


if __name__ == '__main__':
    sys.exit(main())
