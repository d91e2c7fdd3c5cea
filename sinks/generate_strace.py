#!/usr/bin/python3
"""Makes strace.def of the strace_*.tsv tables here and of the tables in format/: how each call is printed.

usage: generate_strace.py OUTPUT_FOLDER

A call without a row in strace_calls.tsv follows from its recipe. Errors say file:line: what.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "format"))
import generate  # noqa: E402  the tables of format/ and how tables are read

KINDS = """addr argv before buf clone clone3 cpus d dents dev efd enum env event events family fcntl fd fdpair fdset fields
filemode flags futex futexrest hexbuf ioctl ioctlarg iov len lenum mode msg nfds num offset oldaction open openmode optname peer
peerlen poll prctl proto remain rlimit salen sig sigaction sigframe sigset sleepflags sockaddr sockopt socktype status
statx str struct time times timeval u unknown usage x""".split()
RESULTS = "dxofip"
PARAMS = 8
NONE = -1
# What a kind of recipe records is all of its argument, or what the call filled there.
FILLED = {"out", "iovout", "msgout", "mmsgout", "msgctl", "tuplefrom", "tupleret", "fdlist"}
NO_OPERANDS = {"ret", "absent", "const", "task", "vm_size", "vm_rss", "vm_swap", "dev", "ino", "fdpath", "openlayer",
               "queue", "forkflags"}


def read(name):
    """Rows of a table in this folder, as those of format/ are read."""
    here = generate.HERE
    generate.HERE = HERE
    try:
        yield from generate.read(name)
    finally:
        generate.HERE = here


class Arg:
    def __init__(self, kind, params=(), flags=None, out=False):
        self.kind, self.params, self.flags, self.out = kind, list(params), flags, out


def recipe_words(row, event):
    """[(parameter, kind, operands, only on success)] of a row of syscalls.tsv."""
    names = [p.name for p in event.params]
    for text in row.rest:
        if text:
            spec, _, recipe = text.partition("=")
            recipe = recipe.partition("@")[0]
            words = recipe.lstrip("?").split(":")
            yield names.index(spec.split(":")[0]), words[0], words[1:], recipe.startswith("?")


def default_kind(param, kind):
    if kind in ("str", "path"):
        return "str"
    if kind in ("in", "out"):
        return "buf"
    if kind == "sockaddr":
        return "sockaddr"
    if kind == "fdlist":
        return "poll"
    if kind in ("timespec", "timespec64"):
        return "time"
    if kind == "timeval":
        return "timeval"
    if kind == "sigset":
        return "sigset"
    if param.type == "FD":
        return "fd"
    if param.type == "SIGTYPE":
        return "sig"
    if param.type == "MODE":
        return "mode"
    if param.flags:
        return "enum" if param.type.startswith("ENUM") else "flags"
    if param.format == "HEX":
        return "addr" if kind == "long" else "x"
    return "u" if param.type.startswith("UINT") else "d"


def default_args(call):
    """One argument after the other: the parameters that stem from it say what it is."""
    by_argument = {}
    for index, kind, operands, late in recipe_words(call.row, call.event):
        if kind in NO_OPERANDS or not operands or not operands[0].isdigit():
            continue
        by_argument.setdefault(int(operands[0]), []).append((index, kind, late))
    args = []
    for number in range(max(by_argument, default=-1) + 1):
        stems = by_argument.get(number)
        if not stems:
            args.append(Arg("unknown"))
            continue
        index, kind, late = stems[0]
        out = late or kind in FILLED
        in_structure = kind in ("at", "at16", "atint", "atuint") or len(stems) > 1
        if in_structure:
            args.append(Arg("fields", [s[0] for s in stems][:PARAMS], None, out))
        else:
            args.append(Arg(default_kind(call.event.params[index], kind), [index], None, out))
    return args


class Call:
    def __init__(self, call, result, args):
        self.name, self.result, self.args, self.event = call.name, result, args, call.event
        for arg in args:
            # how much of a buffer the call was given is said by another argument
            if arg.kind in ("flags", "enum", "family") and not arg.flags and arg.params:
                arg.flags = self.event.params[arg.params[0]].flags


def default_result(event):
    if event.result is None or event.result < 0:
        return "d"
    p = event.params[event.result]
    return "f" if p.type == "FD" else "x" if p.format == "HEX" else "o" if p.format == "OCT" else "d"


def parse_args(row, event, sets):
    names = [p.name for p in event.params]
    for word in row["arguments"].split():
        out = word.startswith(">")
        parts = word.lstrip(">").split(":")
        kind = row.word("num" if parts[0] == "num" else parts[0], KINDS, "kind of argument")
        if kind == "num":
            yield Arg(kind, [row.number(parts[1], "number")])
            continue
        params = parts[1].split(",") if len(parts) > 1 and parts[1] else []
        for p in params:
            row.word(p, names, "parameter")
        flags = parts[2] if len(parts) > 2 else None
        if flags:
            flags = next((f for f in (flags, "strace_" + flags, flags + "_flags") if f in sets), None) or \
                row.fail(f"unknown flag set '{parts[2]}'")
        yield Arg(kind, [names.index(p) for p in params], flags, out)


def main():
    tables = generate.Tables()
    own = {}
    for row in read("strace_flags.tsv"):
        own.setdefault(row["set"], []).append((row.number(row["value"], "value"), row["name"]))
    sets = {**tables.flags, **own}
    classes = {row["class"]: row["calls"].split() for row in read("strace_classes.tsv")}
    names = {call.name for call in tables.syscalls}
    for name, calls in classes.items():
        unknown = set(calls) - names
        if unknown:
            raise SystemExit(f"strace_classes.tsv: %{name}: unknown call {sorted(unknown)}")
    rows = {}
    first = {}
    for call in tables.syscalls:
        first.setdefault(call.name, call)
    for row in read("strace_calls.tsv"):
        call = first[row.word(row["call"], names, "call")]
        row.word(row["result"], RESULTS, "result")
        rows[call.name] = Call(call, row["result"], list(parse_args(row, call.event, sets)))
    lines = ["/* generated by sinks/generate_strace.py */"]
    for macro, params in (("STRACE_SET", "set"), ("STRACE_FLAG", "value, name"), ("STRACE_SET_END", "set"),
                          ("STRACE_CLASS", "name, bit"), ("STRACE_ARG", "kind, out, number, a, b, c, d, e, f, g, h, set"),
                          ("STRACE_CALL", "name, result, classes, event, first_arg, n_args"),
                          ("STRACE_KIND", "name")):
        lines += [f"#ifndef {macro}", f"#define {macro}({params})", "#endif"]
    for name, values in own.items():
        lines.append(f"STRACE_SET({name})")
        lines += [f'STRACE_FLAG({value:#x}ull, "{flag}")' for value, flag in values]
        lines.append(f"STRACE_SET_END({name})")
    lines += [f'STRACE_CLASS("{name}", {bit})' for bit, name in enumerate(classes)]
    lines += [f"STRACE_KIND({kind})" for kind in KINDS]
    n_args = 0
    calls = []
    for name in sorted(first):
        call = rows.get(name) or Call(first[name], default_result(first[name].event), default_args(first[name]))
        mask = sum(1 << bit for bit, calls_of in enumerate(classes.values()) if name in calls_of)
        for number, arg in enumerate(call.args):
            params = (arg.params + [NONE] * PARAMS)[:PARAMS]
            flags = f'"{arg.flags}"' if arg.flags else "NULL"
            lines.append(f"STRACE_ARG({arg.kind}, {int(arg.out)}, {number}, {', '.join(map(str, params))}, {flags})")
        calls.append(f"STRACE_CALL(\"{name}\", '{call.result}', {mask:#x}, {call.event.code}, {n_args}, {len(call.args)})")
        n_args += len(call.args)
    lines += calls
    for macro in ("SET", "FLAG", "SET_END", "CLASS", "ARG", "CALL", "KIND"):
        lines.append(f"#undef STRACE_{macro}")
    with open(os.path.join(sys.argv[1], "strace.def"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


main()
