#!/usr/bin/python3
"""The tables against what they are about: kernel headers, the kernel's own tracepoints, the public facts.

usage: tables_test.py [CASE]    TAP on standard output; a case says why it skips
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "format"))
import generate  # noqa: E402
import generate_memory  # noqa: E402

FACTS = os.path.join(ROOT, "..", "shared", "facts")
TRACEPOINTS = "/sys/kernel/tracing/events/syscalls"
# Names of tracepoints that differ from the call's.
TRACEPOINT_CALLS = {"newstat": "stat", "newfstat": "fstat", "newlstat": "lstat", "newuname": "uname",
                    "sendfile64": "sendfile", "umount": "umount2"}
# Debian's headers end here; later calls have the same number everywhere.
NUMBERS_HEADERS_END = 450
# In x86_64's table since Linux 6.11 and 6.14, with numbers below that.
LATER = {"uretprobe", "uprobe"}


class Skip(Exception):
    pass


def tables():
    return generate.Tables()


def facts(name):
    path = os.path.join(FACTS, name)
    if not os.path.exists(path):
        raise Skip("../shared/facts is not there")
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f][1:]


def header_numbers(headers, *arguments):
    """__NR_ constants of the first header that exists, as the preprocessor sees them."""
    header = next((h for h in headers if os.path.exists(h)), None)
    if header is None:
        raise Skip(f"{headers[0]} is not there")
    run = subprocess.run(["cc", "-E", "-dM", *arguments, "-include", header, "-x", "c", "/dev/null"],
                         text=True, stdout=subprocess.PIPE, check=True)
    text = dict(re.findall(r"^#define __NR_?(\w+) (\S+)$", run.stdout, re.M))
    numbers = {}
    for name, value in text.items():
        if value.startswith("__NR3264_"):
            value = text[value[len("__NR"):]]
        if value.isdigit() and not name.startswith("3264_"):
            numbers[name] = int(value)
    return numbers


def compare_numbers(abi, numbers, ignore=()):
    t = tables()
    ours = {s.name: s.numbers[generate.ABIS.index(abi)] for s in t.syscalls
            if s.numbers[generate.ABIS.index(abi)] >= 0}
    for name, number in numbers.items():
        if name not in ignore:
            assert ours.get(name) == number, f"{abi} {name} is {number}, the table says {ours.get(name)}"
    for name, number in ours.items():
        assert number > NUMBERS_HEADERS_END or name in numbers or name in LATER, f"{abi} has no {name}"


def numbers_of_x86_64():
    compare_numbers("x86_64", header_numbers(["/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
                                              "/usr/include/asm/unistd_64.h"]))


def numbers_of_i386():
    compare_numbers("i386", header_numbers(["/usr/include/x86_64-linux-gnu/asm/unistd_32.h",
                                            "/usr/include/asm/unistd_32.h"]))


def numbers_of_aarch64():
    compare_numbers("aarch64",
                    header_numbers(["/usr/aarch64-linux-gnu/include/asm/unistd.h"], "-nostdinc",
                                   "-I/usr/aarch64-linux-gnu/include", "-D__aarch64__", "-D__BITS_PER_LONG=64"),
                    ignore=("syscalls", "arch_specific_syscall"))


def generic_numbers_are_one():
    """From 424 on every ABI gives a new call the same number."""
    for s in tables().syscalls:
        high = {n for n in s.numbers if n >= 424}
        assert len(high) <= 1, f"{s.name}: {s.numbers}"


def kernel_calls():
    if not os.path.isdir(TRACEPOINTS):
        raise Skip(f"{TRACEPOINTS} is not readable here (tracefs, root)")
    calls = {}
    for path in glob.glob(TRACEPOINTS + "/sys_enter_*/format"):
        name = path.split("/")[-2][len("sys_enter_"):]
        with open(path, encoding="utf-8") as f:
            fields = re.findall(r"field:(.*?)(\w+);\s*offset", f.read())
        calls[TRACEPOINT_CALLS.get(name, name)] = [
            (type.strip(), arg) for type, arg in fields if not arg.startswith(("common_", "__syscall_nr"))]
    assert len(calls) > 300, "fewer tracepoints than expected"
    return calls


def arguments_are_the_kernels():
    """No recipe uses an argument that the call lacks; one of ours uses every one that it has."""
    calls, n_checked = kernel_calls(), 0
    for s in tables().syscalls:
        if s.numbers[0] < 0 or s.name not in calls:
            continue
        n_checked += 1
        n = len(calls[s.name])
        used = {a for step in s.steps for a in step.args}
        assert not used or max(used) < n, f"{s.name} has {n} arguments, the recipe uses {sorted(used)}"
        if s.event.code >= generate.EVENT_TYPE_OWN:
            missing = set(range(n)) - used
            assert not missing, f"{s.name}: nothing records {[calls[s.name][i][1] for i in missing]}"
    assert n_checked > 300, f"only {n_checked} calls checked"
    have = {s.name for s in tables().syscalls if s.numbers[0] >= 0}
    assert not set(calls) - have, f"calls of this kernel without a row: {sorted(set(calls) - have)}"


def memory_has_the_kernels_arguments():
    """As many argument words are kept as the call has; no piece is of one that it lacks."""
    calls, t = kernel_calls(), tables()
    structs = generate_memory.read_structs()
    memory = generate_memory.read_memory(t, structs)
    for s in t.syscalls:
        if s.numbers[0] < 0 or s.name not in calls:
            continue
        n_args, steps = memory.get((s.name, "x86_64"), (0, []))
        n = max([n_args] + [a + 1 for step in s.steps for a in step.args])
        assert n == len(calls[s.name]), f"{s.name} has {len(calls[s.name])} arguments, {n} are kept"
        for step in steps:
            for a in (step.a, step.b):
                assert a < max(n, 1), f"{s.name}: {step.name} is of argument {a}"
            pointer = step.kind in ("MASK",) or "*" in calls[s.name][step.a][0] or "cap_user" in calls[s.name][step.a][0]
            assert pointer or s.name in ("fcntl", "ioctl"), f"{s.name}: {step.name} is of {calls[s.name][step.a]}"
    used = {step.struct for _, steps in memory.values() for step in steps}
    assert set(structs) - used <= {"siginfo"}, f"nothing is of {set(structs) - used}"


TEXT_KINDS = {"path", "str", "in", "out"}


def kinds_fit_the_kernels_types():
    """Texts and buffers are read through pointers; fds and pids are not; file names are paths."""
    calls = kernel_calls()
    for s in tables().syscalls:
        if s.numbers[0] < 0 or s.name not in calls:
            continue
        for step in s.steps:
            if not step.args or step.args[0] >= len(calls[s.name]):
                continue
            type, name = calls[s.name][step.args[0]]
            pointer = "*" in type or type.endswith("_t") and "cap_user" in type
            place = f"{s.name}, argument {name}"
            if step.kind.name in TEXT_KINDS | {"at", "atint", "atuint", "timespec", "timeval", "sigset", "iovin"}:
                assert pointer, f"{place}: {step.kind.name} of {type}"
            if step.kind.name == "int":
                assert not pointer, f"{place}: {step.kind.name} of {type}"
            if step.kind.name == "path":
                assert "char" in type, f"{place}: path of {type}"
            if s.event.params[step.param].type in ("FD", "PID") and step.kind.name == "long":
                raise AssertionError(f"{place}: fds and pids are sign-extended")


# setrlimit, prlimit, unshare, setpgid, bpf: they change what our state holds, the family's parser passes them over.
STATE_TOO = {143, 145, 285, 295, 369}


def events_are_the_public_ones():
    t = tables()
    rows = facts("events.tsv")
    public = {c: e for c, e in t.events.items() if c < generate.EVENT_TYPE_OWN}
    assert len(rows) == len(public) == 454
    for row in rows:
        e = public[int(row[0])]
        assert [e.id, e.name] == row[1:3], row[:3]
        assert ["EC_" + c for c in e.categories] == row[3].split("|"), row[:3]
        traits = [f for f in e.traits if e.code not in STATE_TOO or f != "MODIFIES_STATE"]
        assert (["EF_" + f for f in traits] or ["EF_NONE"]) == row[4].split("|"), row[:3]
        assert e.code not in STATE_TOO or len(traits) < len(e.traits), row[:3]
        for i, text in enumerate(p for p in row[6:] if p):
            p = e.params[i]
            extra = p.flags or (f"dirfd_param={p.dirfd}" if p.dirfd >= 0 else None) or (
                f"{p.dynamic}[{len(t.dynamic[p.dynamic])}]" if p.dynamic else None)
            ours = f"{p.name}:PT_{p.type}:PF_{p.format}" + (f":{extra}" if extra else "")
            assert ours == text, f"{e.name}: {ours}, the facts say {text}"


def flags_are_the_public_ones():
    t = tables()
    sets = {}
    for name, _, value, _, flag in facts("flags.tsv"):
        sets.setdefault(name, []).append((int(value), flag))
    for name, rows in sets.items():
        if name == "mknod_mode":  # the public order finds S_IFCHR in S_IFBLK and S_IFREG in S_IFSOCK
            assert sorted(t.flags[name]) == sorted(rows), name
        else:
            assert t.flags[name] == rows, name
    dynamic = {}
    for row in facts("dynamic-params.tsv"):
        dynamic.setdefault(row[0], []).append((row[3][3:], row[4][3:]))
    assert t.dynamic == dynamic


def calls_use_their_public_event():
    t = tables()
    ids = {e.id: c for c, e in t.events.items() if c < generate.EVENT_TYPE_OWN}
    rows = {s.name: s for s in reversed(t.syscalls)}
    n_public = 0
    for code, name, native, _, _, event, _ in facts("ppm-sc.tsv"):
        assert t.ppm_sc[name] == int(code)
        if native == "-1":
            continue
        s = rows[name]
        assert int(native) == s.numbers[0], name
        if event == "PPME_GENERIC_E":
            assert s.event.code >= generate.EVENT_TYPE_OWN, f"{name} has no public event"
        else:
            n_public += 1
            assert ids[event] == s.event.code, f"{name}: event {s.event.code}, the facts say {event}"
    assert n_public > 150


def every_kind_map_and_set_is_used():
    t = tables()
    steps = [step for s in t.syscalls for step in s.steps]
    assert set(t.kinds) == {step.kind.name for step in steps}, set(t.kinds) - {s.kind.name for s in steps}
    assert set(t.maps) == {step.map for step in steps if step.map}
    for kind in t.kinds.values():
        used = {kind.words[step.c] for step in steps if step.kind is kind and kind.words}
        assert used == set(kind.words), f"{kind.name}: {set(kind.words) - used}"
    own = {p.flags for c, e in t.events.items() for p in e.params}
    # The fd lists of poll, and anonymous inodes of snapshots, have their names outside of parameters.
    assert set(t.flags) - own <= {"poll_flags"}, set(t.flags) - own


def every_kind_is_implemented():
    """The kernel programs name each kind; the compiler sees to the rest."""
    text = ""
    for path in glob.glob(os.path.join(ROOT, "capture", "bpf", "*.[ch]")):
        with open(path, encoding="utf-8") as f:
            text += f.read()
    assert text, "capture/bpf is not there"
    # What recipe.h leaves out of the steps: the result and what is never there.
    kinds = [k.upper() for k in tables().kinds if k not in ("ret", "absent")]
    missing = [k for k in kinds if not re.search(rf"\bKIND_{k}\b", text)]
    assert not missing, f"capture/bpf does not name KIND_{' KIND_'.join(missing)}"


def own_events_are_whole():
    t = tables()
    names = set()
    for code, e in t.events.items():
        if code < generate.EVENT_TYPE_OWN:
            continue
        assert e.name not in names, f"two events {e.name}"
        names.add(e.name)
        assert "SYSCALL" in e.categories, e.name
        assert e.result >= 0 or e.name in ("exit", "exit_group"), f"{e.name} has no result"
        creates = "CREATES_FD" in e.traits
        assert creates == (e.result >= 0 and e.params[e.result].type == "FD"), f"{e.name}: CREATES_FD"


def maps_give_what_their_set_names():
    """The family value of every row is a sum of values that the parameter's flag set has."""
    t = tables()
    for s in t.syscalls:
        for step in s.steps:
            flags = s.event.params[step.param].flags
            if not step.map or not flags:
                continue
            known = [value for value, _ in t.flags[flags]]
            for rule, _, _, _, _, family in t.maps[step.map]:
                assert rule != "MATCH" or family in known, f"{step.map}: {family:#x} has no name in {flags}"


def generated(change, generator=generate):
    """What a generator says of a copy of the tables in which `change` was made: (file, old, new)."""
    with tempfile.TemporaryDirectory() as folder:
        for path in glob.glob(os.path.join(ROOT, "format", "*.tsv")) + [generate.__file__, generate_memory.__file__]:
            with open(path, encoding="utf-8") as f:
                text = f.read()
            if os.path.basename(path) == change[0]:
                assert change[1] in text, change
                text = text.replace(change[1], change[2], 1)
            with open(os.path.join(folder, os.path.basename(path)), "w", encoding="utf-8") as f:
                f.write(text)
        run = subprocess.run([sys.executable, os.path.join(folder, os.path.basename(generator.__file__)), folder], text=True,
                             stderr=subprocess.PIPE, check=False)
    return run.returncode, run.stderr.strip()


def errors_name_the_line():
    read = "res=ret\tdata=out:1\tfd=int:0\tsize=val:2"
    for change, words in (
            (("syscalls.tsv", "data=out:1", "data=owt:1"), r"syscalls.tsv:\d+: unknown kind 'owt'"),
            (("syscalls.tsv", "data=out:1", "data=out:7"), r"syscalls.tsv:\d+: there is no argument 7"),
            (("syscalls.tsv", "data=out:1", "data=out"), r"syscalls.tsv:\d+: 'out' takes 1 operands, not 0"),
            (("syscalls.tsv", "data=out:1\t", ""), r"syscalls.tsv:\d+: parameter 'data' has no kind"),
            (("syscalls.tsv", read, read + "\tx=val:1"), r"syscalls.tsv:\d+: parameter 'x' is no parameter of read"),
            (("syscalls.tsv", "@open_flags", "@no_flags"), r"syscalls.tsv:\d+: unknown map 'no_flags'"),
            (("syscalls.tsv", "write\t1\t", "write\t0\t"), r"syscalls.tsv:\d+: x86_64 0 is read already"),
            (("syscalls.tsv", "\t82\t0x4007\t", "\t82\t0x4800\t"), r"syscalls.tsv:\d+: event 0x4008, 0x4007 is free"),
            (("syscalls.tsv", "msg_flags=val:3", "msg_flag=val:3"), r"syscalls.tsv:\d+: unknown flag set 'msg_flag'"),
            (("events.tsv", "fd:FD:DEC", "fd:FG:DEC"), r"events.tsv:\d+: unknown type 'FG'"),
            (("events.tsv", "\n7\t", "\n8\t"), r"events.tsv:\d+: event 8, 7 expected"),
            (("flags.tsv", "\t0x1\t", "\tone\t"), r"flags.tsv:\d+: value 'one' is not a number")):
        status, said = generated(change)
        assert status != 0 and re.fullmatch(words, said), f"{change}: {status} {said!r}"
    assert generated(("flags.tsv", "\t0x1\t", "\t0x1\t")) == (0, "")


def errors_of_structures_name_the_line():
    flock = "lock{1=5-7}=2:flock"
    for change, words in (
            (("memory.tsv", "?statbuf=1:stat\n", "?statbuf=1:stud\n"), r"memory.tsv:\d+: unknown structure 'stud'"),
            (("memory.tsv", "?statbuf=1:stat\n", "?statbuf=7:stat\n"), r"memory.tsv:\d+: there is no argument '7'"),
            (("memory.tsv", "?statbuf=1:stat\n", "?statbuf=1:stat64\n"), r"memory.tsv:\d+: stat64 has no layout for x86_64"),
            (("memory.tsv", "?statbuf=1:stat\n", "statbuf\n"), r"memory.tsv:\d+: 'statbuf' is no piece"),
            (("memory.tsv", flock, "lock{1=5-999}=2:flock"), r"memory.tsv:\d+: 'lock\S+': such a range cannot be asked for"),
            (("memory.tsv", "before=before:2:timespec\t", "before=before:2:timespec\tbefore=before:3:timespec\t"),
             r"memory.tsv:\d+: one thing is kept from before a call"),
            (("memory.tsv", "\nfstat\t", "\nstat\t"), r"memory.tsv:\d+: stat has a row for x86_64 already"),
            (("structs.tsv", "\tvalue:u32\n", "\tvalue:u33\n"), r"structs.tsv:\d+: 'value:u33' is no field"),
            (("structs.tsv", "\tvalue:u32\n", "\tvalue:u32[400]\n"), r"structs.tsv:\d+: 1600 bytes, at most 1024")):
        status, said = generated(change, generate_memory)
        assert status != 0 and re.fullmatch(words, said), f"{change}: {status} {said!r}"
    assert generated(("memory.tsv", flock, flock), generate_memory) == (0, "")


CASES = [numbers_of_x86_64, numbers_of_i386, numbers_of_aarch64, generic_numbers_are_one,
         arguments_are_the_kernels, memory_has_the_kernels_arguments, kinds_fit_the_kernels_types, events_are_the_public_ones,
         flags_are_the_public_ones, calls_use_their_public_event, every_kind_map_and_set_is_used,
         every_kind_is_implemented, own_events_are_whole, maps_give_what_their_set_names, errors_name_the_line,
         errors_of_structures_name_the_line]


def main():
    cases = [c for c in CASES if len(sys.argv) < 2 or c.__name__ == sys.argv[1]]
    print(f"1..{len(cases)}")
    for i, case in enumerate(cases, 1):
        try:
            case()
            print(f"ok {i} - {case.__name__}", flush=True)
        except Skip as why:
            print(f"ok {i} - {case.__name__} # SKIP {why}", flush=True)
        except (AssertionError, KeyError) as why:
            print(f"not ok {i} - {case.__name__}\n# {type(why).__name__}: {why}", flush=True)


main()
