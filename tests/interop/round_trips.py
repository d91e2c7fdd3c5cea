#!/usr/bin/python3
"""Captures that went through other formats and came back say the same.

usage: round_trips.py BUILD-ROOT [FILE...]     TAP on standard output

    genuine -> native -> scap -> native        every field of every event, but those named below
    native -> scap -> native                   the same
    native -> scap-legacy -> native            what the old schema has, and the times of entry

Without FILE: the samples, and the public captures in ../shared/captures where they are. What cannot be the same
is named below; doc/scap.5 says it in words.
"""
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
SHARED = (TOP.parent / 'shared/captures').resolve()
FIELDS = ['evt.rawtime', 'evt.cpu', 'evt.type', 'evt.dir', 'evt.res', 'evt.args', 'evt.failed', 'evt.buffer',
          'thread.tid', 'thread.vtid', 'thread.cgroups', 'thread.vmsize', 'proc.pid', 'proc.vpid', 'proc.ppid', 'proc.name',
          'proc.exe', 'proc.exepath', 'proc.args', 'proc.cmdline', 'proc.cwd', 'proc.sid', 'proc.pgid', 'proc.loginuid',
          'proc.pname', 'proc.aname[2]', 'proc.nthreads', 'proc.fdopencount', 'proc.fdlimit', 'proc.tty',
          'proc.is_exe_writable', 'proc.exe_ino', 'proc.exe_ino.ctime', 'thread.cap_permitted', 'user.uid', 'user.name',
          'user.homedir', 'group.gid', 'group.name', 'fd.num', 'fd.type', 'fd.typechar', 'fd.name', 'fd.l4proto', 'fd.dev',
          'fd.ino', 'fd.is_server']
# The types that the family has not are PPME_GENERIC there: the name stays, the arguments do not.
OWN = {'evt.args', 'evt.res', 'evt.failed', 'evt.buffer', 'fd.num', 'fd.type', 'fd.typechar', 'fd.name', 'fd.l4proto', 'fd.dev',
       'fd.ino', 'fd.is_server'}


# What lists of descriptors say of files only: the device, and whether it is closed by execve.
FILES_ONLY = {'fd.dev'}
COUNTED = {'proc.fdopencount'}
# The old schema has one event for these.
OLD_NAMES = {'dup2': 'dup', 'dup3': 'dup', 'pipe2': 'pipe', 'eventfd2': 'eventfd', 'umount2': 'umount',
             'signalfd4': 'signalfd', 'inotify_init1': 'inotify_init'}


def run(*command):
    r = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors='replace',
                       timeout=120)
    return r.stdout, r.stderr


def known_fields(scapread):
    listed = run(scapread, '-l')[0]
    return [f for f in FIELDS if f.split('[')[0] in listed]


def events(scapread, path, fields):
    out, _ = run(scapread, '-v', '-D', '-r', path, '-p', '*' + '\t'.join('%' + f for f in ['evt.rawtime', 'thread.tid'] + fields))
    return [line.split('\t') for line in out.splitlines()]


def own_types(scapread):
    """Names of the types that are ours alone."""
    names = set()
    for line in run(scapread, '-L')[0].splitlines():
        words = line.split()
        if words and words[0].isdigit() and int(words[0]) >= 0x4000:
            names.add(words[2].split('(')[0])
    return names


def differences(scapread, before, after, fields, own, is_lost, old_names={}):
    a, b = events(scapread, before, fields), events(scapread, after, fields)
    a = [e for e in a if not is_lost(e, None)]
    if len(a) != len(b):
        yield f'{len(a)} events before, {len(b)} after'
    kind = 2 + fields.index('evt.type')
    for x, y in zip(a, b):
        for name, p, q in zip(['evt.rawtime', 'thread.tid'] + fields, x, y):
            if name == 'evt.type':
                p = 'unknown' if old_names and q == 'unknown' else old_names.get(p, p)
            if name in FILES_ONLY and x[2 + fields.index('fd.type')] != 'file' or name in COUNTED:
                continue
            if p != q and not (x[kind] in own and name in OWN) and not is_lost(x, name):
                yield f'{x[0]} {x[1]} {x[kind]}: {name}: {p!r}, then {q!r}'


def main():
    scapread = pathlib.Path(sys.argv[1]) / 'scapread'
    fields, own = known_fields(scapread), own_types(scapread)
    given = [pathlib.Path(p) for p in sys.argv[2:]]
    paths = given or sorted((TOP / 'samples').glob('*.scap'))
    if not given and SHARED.is_dir():
        paths += sorted(SHARED.glob('*.scap'))
    elif not given:
        print('# skipped: the public captures, for there is no ../shared/captures')
    n = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)

        def convert(source, format):
            target = folder / f'{source.stem}.{format}.scap'
            run(scapread, '-D', '-r', source, '-w', target, '-F', format)
            return target

        def result(found, words):
            nonlocal n, failed
            n += 1
            failed += bool(found)
            print(f'{"not ok" if found else "ok"} {n} - {words}')
            for f in found[:sys.maxsize if given else 20]:
                print(f'# {f}')

        kind = 2 + fields.index('evt.type')
        unfinished = set()
        for path in paths:
            native = convert(path, 'native')
            unfinished = {tuple(line.split('\t')) for line in run(
                scapread, '-D', '-r', native, '-p', '%evt.rawtime\t%thread.tid', 'evt.unfinished=true')[0].splitlines()}

            def lost(event, name):
                return tuple(event[:2]) in unfinished and name is None

            def legacy_lost(event, name):
                """exit and exit_group come back only with the exit that they do not have."""
                return name is None and (lost(event, name) or event[kind] in ('exit', 'exit_group'))

            if path.resolve().parent == SHARED:
                result(list(differences(scapread, path, native, fields, set(), lambda e, name: False)), f'{path.name}: native')
            again = convert(convert(native, 'scap'), 'native')
            result(list(differences(scapread, native, again, fields, own, lost)), f'{path.name}: native, scap, native')
            if path.resolve().parent != SHARED:
                again = convert(convert(native, 'scap-legacy'), 'native')
                some = ['evt.type', 'evt.latency', 'proc.name', 'proc.pid']
                kind = 2 + some.index('evt.type')
                result(list(differences(scapread, native, again, some, own, legacy_lost, OLD_NAMES)),
                       f'{path.name}: native, scap-legacy, native')
                kind = 2 + fields.index('evt.type')
    print(f'1..{n}')
    sys.exit(failed > 0)


if __name__ == '__main__':
    main()
