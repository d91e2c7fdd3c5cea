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

RESULTS = "dxofip"
NATURES = ("other", "bits", "decimal", "pointer")
PARAMS = 8
NONE = -1
# What a kind of recipe records is all of its argument, or what the call filled there.
FILLED = {"out", "iovout", "msgout", "mmsgout", "msgctl", "tuplefrom", "tupleret", "fdlist"}
NO_OPERANDS = {"ret", "absent", "const", "task", "vm_size", "vm_rss", "vm_swap", "dev", "ino", "fdpath", "openlayer",
               "queue", "forkflags"}


def read(name):
    return generate.read(os.path.join(HERE, name))


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


# What kinds of recipes and types of parameters are printed as, where nothing else is said.
KINDS_OF_RECIPES = {"str": "str", "path": "str", "in": "buf", "out": "buf", "sockaddr": "sockaddr", "fdlist": "poll",
                    "timespec": "time", "timespec64": "time", "timeval": "timeval", "sigset": "sigset"}
KINDS_OF_TYPES = {"FD": "fd", "SIGTYPE": "sig", "MODE": "mode"}


def default_kind(param, kind):
    known = KINDS_OF_RECIPES.get(kind) or KINDS_OF_TYPES.get(param.type)
    if known:
        return known
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
            # names are those of the parameter, unless the row says others
            if arg.kind in ("flags", "enum", "family") and not arg.flags and arg.params:
                arg.flags = self.event.params[arg.params[0]].flags


def default_result(event):
    if event.result is None or event.result < 0:
        return "d"
    p = event.params[event.result]
    return "f" if p.type == "FD" else "x" if p.format == "HEX" else "o" if p.format == "OCT" else "d"


def parse_args(row, event, sets, kinds):
    names = [p.name for p in event.params]
    for word in row["arguments"].split():
        out = word.startswith(">")
        parts = word.lstrip(">").split(":")
        kind = row.word(parts[0], kinds, "kind of argument")
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


def read_kinds():
    kinds = {}
    for row in read("strace_kinds.tsv"):
        row.word(row["nature"], NATURES, "nature")
        kinds[row["kind"]] = row
    return kinds


def read_sets():
    sets = {}
    for row in read("strace_flags.tsv"):
        sets.setdefault(row["set"], []).append((row.number(row["value"], "value"), row["name"]))
    return sets


def read_classes(names):
    """[(name, whether it is one without %, calls)]"""
    classes = {}
    for row in read("strace_classes.tsv"):
        calls = set()
        for name in row["calls"].split():
            if name.startswith("%"):
                calls |= classes[row.word(name[1:], classes, "class")][1]
            else:
                calls.add(row.word(name, names, "call"))
        classes[row["class"]] = row.word(row["bare"], ("yes", "-"), "bare") == "yes", calls
    return [(name, bare, calls) for name, (bare, calls) in classes.items()]


def set_rows(sets):
    for name, values in sets.items():
        yield "STRACE_SET", name
        for value, flag in values:
            yield "STRACE_FLAG", f"{value:#x}ull", generate.quote(flag)
        yield "STRACE_SET_END", name


def kind_rows(kinds):
    for name in sorted({row["print"] for row in kinds.values()}):
        yield "STRACE_PRINTER", name
    for name in sorted({row["memory"] for row in kinds.values()} - {"-"}):
        yield "STRACE_MEMORY", name
    for name, row in kinds.items():
        yield ("STRACE_KIND", name, "print_" + row["print"], "NULL" if row["memory"] == "-" else "struct_" + row["memory"],
               "NATURE_" + row["nature"].upper())


def class_rows(classes):
    for bit, (name, bare, _) in enumerate(classes):
        yield "STRACE_CLASS", generate.quote(name), int(bare), bit


def call_rows(calls, classes):
    n_args = 0
    ends = []
    for name in sorted(calls):
        call = calls[name]
        mask = sum(1 << bit for bit, (_, _, members) in enumerate(classes) if name in members)
        for number, arg in enumerate(call.args):
            params = (arg.params + [NONE] * PARAMS)[:PARAMS]
            flags = generate.quote(arg.flags) if arg.flags else "NULL"
            yield ("STRACE_ARG", arg.kind, int(arg.out), number, *params, flags)
        ends.append(("STRACE_CALL", generate.quote(name), f"'{call.result}'", f"{mask:#x}", call.event.code, n_args,
                     len(call.args)))
        n_args += len(call.args)
    yield from ends


MACROS = {"STRACE_SET": "set", "STRACE_FLAG": "value, name", "STRACE_SET_END": "set", "STRACE_CLASS": "name, bare, bit",
          "STRACE_ARG": "kind, out, number, a, b, c, d, e, f, g, h, set",
          "STRACE_CALL": "name, result, classes, event, first_arg, n_args", "STRACE_PRINTER": "name", "STRACE_MEMORY": "name",
          "STRACE_KIND": "name, print, memory, nature"}


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    tables = generate.Tables()
    kinds = read_kinds()
    sets = read_sets()
    first = {}
    for call in tables.syscalls:
        first.setdefault(call.name, call)
    classes = read_classes(first)
    calls = {}
    for row in read("strace_calls.tsv"):
        call = first[row.word(row["call"], first, "call")]
        row.word(row["result"], RESULTS, "result")
        calls[call.name] = Call(call, row["result"], list(parse_args(row, call.event, {**tables.flags, **sets}, kinds)))
    for name, call in first.items():
        if name not in calls:
            calls[name] = Call(call, default_result(call.event), default_args(call))
    generate.write(sys.argv[1], "strace.def", "strace_*.tsv", MACROS,
                   [*set_rows(sets), *class_rows(classes), *kind_rows(kinds), *call_rows(calls, classes)])


main()
