#!/usr/bin/python3
"""What sysdig 0.29.3 finds in our -F scap-legacy is what scapread finds in the original: as many calls, the
same names of processes and descriptors, the same arguments. tshark lists every event of our -F scap.

usage: sysdig_reader.py BUILD-ROOT [FILE...]     TAP on standard output

Without FILE: the samples, a capture made now, and the public captures in ../shared/captures where they are.
Differences that must be are rows of sysdig_differences.tsv, each with its reason.
"""
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SHARED = TOP.parent / 'shared/captures'
SYSDIG_FIELDS = ['evt.rawtime', 'thread.tid', 'evt.dir', 'evt.type', 'proc.name', 'fd.name', 'evt.args']
OUR_FIELDS = ['evt.rawtime', 'thread.tid', 'evt.dir', 'evt.type', 'proc.name', 'fd.name', 'evt.latency', 'evt.args']
Event = collections.namedtuple('Event', 'time tid dir type proc fd latency args')


def run(command, **more):
    r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace',
                       timeout=120, **more)
    return r.returncode, r.stdout, r.stderr


def format_of(fields):
    return '*' + '\t'.join('%' + f for f in fields)


class Differences:
    """event, what, ours, theirs (regular expressions), reason"""

    def __init__(self, path):
        self.rows, self.calls_only = [], set()
        for line in path.read_text().splitlines():
            if line and not line.startswith('#'):
                event, what, ours, theirs, _ = line.split('\t')
                if what == 'values':
                    self.calls_only.add(event)
                    continue
                self.rows.append([re.compile(p + r'\Z', re.S) for p in (event, what, ours, theirs)])

    def explains(self, *values):
        return any(all(p.match(v) for p, v in zip(row, values)) for row in self.rows)


def renames():
    """Of the rows of scap_legacy.tsv: our event's name -> {old name of a parameter: ours}. Calls without a row are
    there for sysdig, but without arguments."""
    names = {}
    for line in (TOP / 'format/events.tsv').read_text().splitlines():
        columns = line.split('\t')
        if columns[0].isdigit():
            names[columns[1]] = columns[2]
    result = {}
    for line in (TOP / 'format/scap_legacy.tsv').read_text().splitlines():
        columns = line.split('\t')
        if line.startswith('PPME_'):
            result[names[columns[0]]] = dict(v.split('=') for v in columns[4].split() if v[0] not in '->')
    return result


def param_names(text):
    """Of a list of events (-L): direction and name -> parameters of each event of that name."""
    result = collections.defaultdict(list)
    for line in text.splitlines():
        match = re.search(r'([<>]) (\w+)\((.*)\)$', line)
        if match:
            params = [p.split(' ')[1] for p in match.group(3).split(', ') if ' ' in p]
            result[match.group(1) + match.group(2)].append(params)
    return result


def split_args(text, candidates):
    """name=value name=value ...: values may hold anything, so the names of the event tell where they begin."""
    for names in sorted(candidates, key=len, reverse=True):
        places, at = [], 0
        for name in names:
            found = re.compile(r'(^| )' + re.escape(name) + '=').search(text, at)
            if not found:
                break
            places.append((name, found.start(), found.end()))
            at = found.end()
        if len(places) == len(names) and (not places or places[0][1] == 0):
            ends = [p[1] for p in places[1:]] + [len(text)]
            return {name: text[begin:end].rstrip(' ') for (name, _, begin), end in zip(places, ends)}
    return {}


def alike(ours, theirs):
    """sysdig shortens lists and buffers."""
    ours, theirs = ours.strip(), theirs.strip()
    if theirs.endswith('...'):
        return ours.startswith(theirs.rstrip('.'))
    return ours == theirs or ours.rstrip('.') == theirs.rstrip('.')


class Comparison:
    def __init__(self, tools, names):
        self.scapread = tools / 'scapread'
        self.ours_names = param_names(run([self.scapread, '-L', '-v'])[1])
        self.theirs_names = param_names(run(['sysdig', '-L'])[1])
        self.renames = renames()
        self.differences = Differences(names)
        self.confused = False

    def read(self, command, fields):
        status, out, err = run(command, env=dict(os.environ, TZ='UTC'))
        events = []
        for line in out.splitlines():
            parts = line.split('\t', len(fields) - 1)
            if len(parts) < len(fields):
                raise SystemExit(f'{command}: {line!r}')
            e = dict(zip(fields, parts))
            latency = e.get('evt.latency', '')
            events.append(Event(int(e['evt.rawtime']), e['thread.tid'], e['evt.dir'], e['evt.type'],
                                e['proc.name'], e['fd.name'], int(latency) if latency.isdigit() else 0, e['evt.args']))
        return status, events, err

    def compare(self, path, legacy, filter=()):
        """Yields what differs and is not explained, as text."""
        _, ours, _ = self.read([self.scapread, '-v', '-D', '-r', path, '-p', format_of(OUR_FIELDS), *filter], OUR_FIELDS)
        status, theirs, err = self.read(['sysdig', '-r', legacy, '-p', format_of(SYSDIG_FIELDS)], SYSDIG_FIELDS)
        if status:
            yield f'sysdig -r: {err.strip()}'
            return
        self.confused = bool(filter)  # in a part nobody sees what came before
        calls_only = path.name in self.differences.calls_only
        at = collections.defaultdict(collections.deque)
        for e in theirs:
            at[e.time, e.tid, e.dir].append(e)
        for e in ours:
            exit = at[e.time, e.tid, '<'].popleft() if at[e.time, e.tid, '<'] else None
            enter = at[e.time - e.latency, e.tid, '>']
            enter = enter.popleft() if enter else None
            yield from self.event(e, exit, enter, calls_only)
        for rest in at.values():
            for e in rest:
                if not self.differences.explains(e.type, 'more', '', e.dir):
                    yield f'{e.time} {e.tid}: sysdig alone has {e.dir} {e.type}'

    def event(self, ours, exit, enter, calls_only):
        shown = exit or enter
        if not shown:
            if not self.differences.explains(ours.type, 'call', '', ''):
                yield f'{ours.time} {ours.tid}: sysdig has no {ours.type}'
            return
        pairs = [('type', ours.type, shown.type), ('proc.name', ours.proc, shown.proc)]
        if ours.type in self.renames:
            fds = [e.fd for e in (exit, enter) if e]  # which of the two has it depends on the call
            pairs.append(('fd.name', ours.fd, ours.fd if ours.fd in fds else fds[0]))
        if not exit and enter and ours.dir == '<' and not self.differences.explains(ours.type, 'exit', '', ''):
            yield f'{ours.time} {ours.tid}: sysdig has no exit of {ours.type}'
        if calls_only:
            return
        mine = {} if ours.type not in self.renames else split_args(ours.args, self.ours_names['<' + ours.type] or self.ours_names['>' + ours.type])
        told = {}
        for e in (enter, exit):
            if e:
                told.update(split_args(e.args, self.theirs_names[e.dir + e.type]))
        rename = dict(self.renames.get(ours.type, {}))
        if 'vpgid' in mine:
            rename['pgid'] = 'vpgid'
        for name, value in told.items():
            name = rename.get(name, name)
            if name in mine:
                pairs.append((name, mine[name], value))
            elif not self.differences.explains(ours.type, name, '', value):
                pairs.append((name, '', value))
        for name, value in mine.items():
            if name not in [rename.get(n, n) for n in told] and (exit or value != '<NA>') and (
                    not self.differences.explains(ours.type, name, value, '')):
                yield f'{ours.time} {ours.tid}: {ours.type}: sysdig has no {name} (ours {value!r})'
        self.confused = self.confused or (ours.type == 'fcntl' and 'F_DUPFD' in ours.args)
        small = re.match(r'[01]\b', mine.get('fd') or mine.get('res') or '')
        for what, a, b in pairs:
            # Its own slip: an fcntl behind F_DUPFD is taken for a second dup, whose result (0 or 1) is a descriptor.
            if self.confused and small and what in ('fd.name', 'fd', 'res'):
                continue
            if not alike(a, b) and not self.differences.explains(ours.type, what, a, b):
                yield f'{ours.time} {ours.tid}: {ours.type}: {what}: ours {a!r}, sysdig {b!r}'


def captures(tools, folder):
    yield from sorted((TOP / 'samples').glob('*.scap'))
    live = pathlib.Path(folder) / 'live.scap'
    if (tools / 'scapcap').exists() and os.geteuid() == 0:
        status, _, err = run([tools / 'scapcap', '-w', live, '--', 'sh', '-c', 'cat /etc/passwd | sort >/dev/null; ls -l /'])
        if status == 0:
            yield live
        else:
            print(f'# no live capture: {err.strip()}')
    if SHARED.is_dir():
        yield from sorted(SHARED.glob('*.scap'))
    else:
        print('# skipped: the public captures, for there is no ../shared/captures')


def main():
    tools = pathlib.Path(sys.argv[1])
    missing = [t for t in ('sysdig', 'tshark') if not shutil.which(t)]
    if missing:
        print(f'1..0 # SKIP no {" and no ".join(missing)}')
        return
    comparison = Comparison(tools, TOP / 'tests/interop/sysdig_differences.tsv')
    n = failed = 0
    shown = 40 if len(sys.argv) == 2 else sys.maxsize

    def result(found, words):
        nonlocal n, failed
        n += 1
        failed += bool(found)
        print(f'{"not ok" if found else "ok"} {n} - {words}')
        for f in found[:shown]:
            print(f'# {f}')
        if len(found) > shown:
            print(f'# and {len(found) - shown} more')

    with tempfile.TemporaryDirectory() as folder:
        for path in [pathlib.Path(p) for p in sys.argv[2:]] or captures(tools, folder):
            for compress in ([], ['-z', '6']):
                legacy, modern = pathlib.Path(folder) / 'legacy.scap', pathlib.Path(folder) / 'modern.scap'
                for target, format in ((legacy, 'scap-legacy'), (modern, 'scap')):
                    run([comparison.scapread, '-D', '-r', path, '-w', target, '-F', format, *compress])
                how = ', gzip' if compress else ''
                result(list(comparison.compare(path, legacy)), f'{path.name}: sysdig -r of -F scap-legacy{how}')
                wanted = run([comparison.scapread, '-D', '-r', path, '--count', 'evt.type exists', ])[1].strip()
                wanted = int(wanted) - unfinished(comparison.scapread, path)
                status, out, err = run(['tshark', '-r', modern])
                listed = len(out.splitlines())
                result([f'{listed} of {wanted} events: {err}'] if listed != wanted or status else [],
                       f'{path.name}: tshark -r of -F scap{how}')
            part = ['evt.type in (read, write, sendto, recvfrom)']
            run([comparison.scapread, '-D', '-r', path, '-w', legacy, '-F', 'scap-legacy', *part])
            result(list(comparison.compare(path, legacy, part)), f'{path.name}: sysdig -r of a part')
        if not sys.argv[2:] and (tools / 'scapcap').exists() and os.geteuid() == 0:
            result(list(live_legacy(tools, folder)), 'sysdig -r of what scapcap -F scap-legacy writes')
    print(f'1..{n}')
    sys.exit(failed > 0)


def live_legacy(tools, folder):
    """What scapcap itself writes for sysdig; yields what is wrong with it."""
    path = pathlib.Path(folder) / 'direct.scap'
    status, _, err = run([tools / 'scapcap', '-w', path, '-F', 'scap-legacy', '--', 'cat', '/etc/hostname'])
    if status:
        yield f'scapcap: {err.strip()}'
        return
    status, out, err = run(['sysdig', '-r', path, '-p', '%evt.dir %fd.name', 'evt.type=openat and proc.name=cat'])
    if status or '< /etc/hostname' not in out.splitlines():
        yield f'sysdig: {out} {err}'


def unfinished(scapread, path):
    """Calls that were still running: today's schema has no place for them."""
    out = run([scapread, '-D', '-r', path, '-j'])[1]
    return sum('"unfinished"' in line for line in out.splitlines())


if __name__ == '__main__':
    main()
