#!/usr/bin/python3
"""Compares scapread with read_scap.py, which was made from format/SPEC.md alone: both must find the same events with the same values.

usage: python_reader.py BUILD_ROOT SOURCE_ROOT [FILE...]

Without FILE: every file in tests/golden and samples, and a capture made now (as root; else that part is skipped).
"""
import ipaddress
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SKIP = 77
FAMILY_NAMES = {0: 'AF_UNSPEC', 1: 'AF_LOCAL|AF_UNIX', 2: 'AF_INET', 10: 'AF_INET6'}
UNFINISHED = 1  # event flag


def lines(command, **more):
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace', timeout=100, **more)
    if run.returncode not in (0, 1):
        raise SystemExit(f'{command}: status {run.returncode}: {run.stderr}')
    return [json.loads(line) for line in run.stdout.splitlines()], run


def names_of(values, value, is_enumeration):
    """The names of a value, as SPEC section 15 says."""
    if is_enumeration or value == 0:
        return [name for v, name in values if v == value]
    names, rest = [], value
    for v, name in values:
        if v and v & value == v and v & rest:
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
        if row and row['result'] < 0 and 'evt.res' not in theirs:
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
        if m is None or t is None:
            return m is None and t is None
        if isinstance(t, dict) and 'value' in t:
            names = names_of(param['values'], m, kind in (44, 45, 46)) if param['values'] else t['names']
            return m == t['value'] and names == t['names']
        if kind in (12, 13):
            return self.address(m, t)
        if kind == 16:
            return [(i['fd'], i['flags']) for i in m] == [(i['fd'], i['events']['value']) for i in t]
        if kind == 27:
            name, m = next(iter(m.items()))
            return self.value(next(a for a in param['alternatives'] if a['name'] == name), m, t)
        if isinstance(m, str) and kind not in (9, 17, 43):
            return bytes.fromhex(m) == (b''.join(i.encode('utf-8', 'surrogateescape') + b'\0' for i in t) if isinstance(t, list)
                                        else t.encode('utf-8', 'surrogateescape'))
        return m == t

    def address(self, m, t):
        if t['family'] != FAMILY_NAMES.get(m['family'], t['family']):
            return False
        return all(t[k] == v for k, v in m.items() if k != 'family')


def compare(tools, reader, path):
    theirs, run = lines([tools / 'scapread', '-DD', '-v', '-j', '-r', path])
    mine, my_run = lines([reader, path])
    info, _ = lines([reader, '--info', path])
    comparer = Comparer({i['type']: i for i in info if 'traits' in i})
    wrong = []
    if run.returncode != my_run.returncode:
        wrong.append(f'status {my_run.returncode} here, {run.returncode} there: {my_run.stderr.strip()} / {run.stderr.strip()}')
    if len(mine) != len(theirs):
        wrong.append(f'{len(mine)} events here, {len(theirs)} there')
    for m, t in zip(mine, theirs):
        wrong.extend(f"event {m['number']}: {what}: {a!r} here, {b!r} there" for what, a, b in comparer.event(m, t))
    print(f'{path}: {len(mine)} events', *(wrong[:20] or ['equal']), sep='\n    ')
    return not wrong
if __name__ == '__main__':
    tools, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    ok = [compare(tools, source / 'tests/interop/read_scap.py', p) for p in sys.argv[3:]]
    sys.exit(not all(ok))
