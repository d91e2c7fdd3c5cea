#!/usr/bin/python3
"""Checks the tables in this folder and makes X-macro files of them.

usage: generate.py OUTPUT_FOLDER

Errors say file:line: what. A .def file is included after defining those of its macros that are
wanted; the others default to nothing, and all are undefined at its end.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

EVENT_TYPE_OWN = 0x4000
EVENT_TYPE_MAX = 0x5000
PARAMS_MAX = 32
ARGS_MAX = 6
SYSCALL_NUMBERS = 512  # of recipe.h
ABIS = ("x86_64", "i386", "aarch64")

TYPES = """NONE INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64 CHARBUF BYTEBUF ERRNO SOCKADDR
SOCKTUPLE FD PID FDLIST FSPATH SYSCALLID SIGTYPE RELTIME ABSTIME PORT L4PROTO SOCKFAMILY BOOL IPV4ADDR
DYN FLAGS8 FLAGS16 FLAGS32 UID GID DOUBLE SIGSET CHARBUFARRAY CHARBUF_PAIR_ARRAY IPV4NET IPV6ADDR
IPV6NET IPADDR IPNET MODE FSRELPATH ENUMFLAGS8 ENUMFLAGS16 ENUMFLAGS32 FD32 PID32""".split()
SIZES = {"INT8": 1, "UINT8": 1, "SIGTYPE": 1, "L4PROTO": 1, "SOCKFAMILY": 1, "FLAGS8": 1, "ENUMFLAGS8": 1,
         "INT16": 2, "UINT16": 2, "SYSCALLID": 2, "PORT": 2, "FLAGS16": 2, "ENUMFLAGS16": 2,
         "INT32": 4, "UINT32": 4, "BOOL": 4, "IPV4ADDR": 4, "FLAGS32": 4, "UID": 4, "GID": 4, "SIGSET": 4,
         "MODE": 4, "ENUMFLAGS32": 4, "FD32": 4, "PID32": 4,
         "INT64": 8, "UINT64": 8, "ERRNO": 8, "FD": 8, "PID": 8, "RELTIME": 8, "ABSTIME": 8, "DOUBLE": 8,
         "IPV4NET": 8, "IPV6ADDR": 16}
FORMATS = ("NA", "DEC", "HEX", "10_PADDED_DEC", "ID", "DIR", "OCT")
CATEGORIES = """UNKNOWN OTHER FILE NET IPC MEMORY PROCESS SLEEP SYSTEM SIGNAL USER TIME PROCESSING IO_READ
IO_WRITE IO_OTHER WAIT SCHEDULER INTERNAL SYSCALL TRACEPOINT PLUGIN METAEVENT ITER""".split()
TRAITS = """CREATES_FD DESTROYS_FD USES_FD READS_FROM_FD WRITES_TO_FD MODIFIES_STATE UNUSED WAITS
SKIPPARSERESET OLD_VERSION LARGE_PAYLOAD CONVERTER_MANAGED""".split()
RESULT_TYPES = ("ERRNO", "FD", "PID", "INT64", "UINT64", "UID", "GID")
# What a parameter of our own events is printed as when its row does not say.
DEFAULT_FORMAT = {"CHARBUF": "NA", "BYTEBUF": "NA", "FSPATH": "NA", "FSRELPATH": "NA", "SOCKADDR": "NA",
                  "SOCKTUPLE": "NA", "FLAGS8": "HEX", "FLAGS16": "HEX", "FLAGS32": "HEX", "MODE": "OCT"}
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")


class Row:
    """One line of a table, its columns by name; what follows the last named one is in rest."""

    def __init__(self, file, line, names, fields):
        self.file, self.line = file, line
        self.columns = dict(zip(names, fields))
        self.rest = fields[len(names) - 1:]

    def __getitem__(self, name):
        return self.columns.get(name, "")

    def fail(self, words):
        raise SystemExit(f"{self.file}:{self.line}: {words}")

    def number(self, text, what):
        try:
            octal = len(text) > 1 and text[0] == "0" and text.isdigit()
            return int(text, 8 if octal else 0)
        except ValueError:
            self.fail(f"{what} '{text}' is not a number")

    def word(self, text, known, what):
        if text not in known:
            self.fail(f"unknown {what} '{text}'")
        return text


def read(file):
    names = None
    with open(os.path.join(HERE, file), encoding="utf-8") as f:
        for line, text in enumerate(f, 1):
            text = text.rstrip("\n")
            if not text or text.startswith("#"):
                continue
            fields = text.split("\t")
            if names is None:
                names = fields
            else:
                row = Row(file, line, names, fields)
                if len(fields) < len(names) - 1:
                    row.fail(f"{len(fields)} columns, at least {len(names) - 1} expected")
                yield row


class Param:
    """name:TYPE[:FORMAT[:flag set | :dirfd_param=N | :dynamic set]]"""

    def __init__(self, row, text, before, tables):
        part = text.split(":")
        if len(part) < 2 or len(part) > 4 or not NAME.match(part[0]):
            row.fail(f"parameter '{text}' is not name:TYPE[:FORMAT[:flags]]")
        self.name = part[0]
        if self.name in [p.name for p in before]:
            row.fail(f"parameter '{self.name}' is there twice")
        self.type = row.word(part[1], TYPES, "type")
        self.format = row.word(part[2] if len(part) > 2 else DEFAULT_FORMAT.get(self.type, "DEC"), FORMATS,
                               "format")
        self.dirfd, self.flags, self.dynamic = -1, None, None
        extra = part[3] if len(part) > 3 else None
        if self.type == "FSRELPATH":
            self.dirfd = self.relative_to(row, extra, before)
        elif self.type == "DYN":
            self.dynamic = row.word(extra, tables.dynamic, "dynamic set")
        elif extra:
            self.flags = row.word(extra, tables.flags, "flag set")

    def relative_to(self, row, extra, before):
        fds = [i for i, p in enumerate(before) if p.type == "FD"]
        if extra is None and fds:
            return fds[-1]
        match = re.match(r"dirfd_param=(\d+)$", extra or "")
        if not match or int(match.group(1)) not in fds:
            row.fail(f"'{self.name}' is relative to no parameter of type FD before it")
        return int(match.group(1))


class Event:
    def __init__(self, row, code, id, name, params):
        self.row, self.code, self.id, self.name, self.params = row, code, id, name, params
        if len(params) > PARAMS_MAX:
            row.fail(f"{len(params)} parameters, at most {PARAMS_MAX}")
        self.categories = [row.word(c, CATEGORIES, "category") for c in row["category"].split("|")]
        self.traits = [row.word(t, TRAITS, "trait") for t in row["traits"].split("|") if t != "-"]
        self.result = self.fd = -1

    def index(self, row, name, what):
        if name == "-":
            return -1
        for i, p in enumerate(self.params):
            if p.name == name:
                return i
        row.fail(f"{what} '{name}' is no parameter of {self.name}")

    def check(self):
        if self.result >= 0 and self.params[self.result].type not in RESULT_TYPES:
            self.row.fail(f"a result cannot be of type {self.params[self.result].type}")
        if self.fd >= 0 and (self.params[self.fd].type != "FD" or self.fd == self.result):
            self.row.fail("the fd must be of type FD and not be the result")


class Kind:
    def __init__(self, row):
        self.name = row["kind"]
        self.operands = [] if row["operands"] == "-" else row["operands"].split(",")
        self.words = row["words"].split()
        self.meaning = row["meaning"]
        for o in self.operands:
            row.word(o, ("A", "B", "C", "N", "OFF", "W"), "operand")
        if ("W" in self.operands) != bool(self.words):
            row.fail("words and the operand W go together")


class Step:
    """param=[?]kind:operand...[@map], as the fields of struct recipe_step"""

    def __init__(self, row, text, event, index, tables):
        self.param, self.map = index, None
        type = event.params[index].type
        self.on_success = text.startswith("?")
        text, _, map = text.lstrip("?").partition("@")
        name, *values = text.split(":")
        self.kind = tables.kinds[row.word(name, tables.kinds, "kind")]
        if map:
            self.map = row.word(map, tables.maps, "map")
        if len(values) != len(self.kind.operands):
            row.fail(f"'{name}' takes {len(self.kind.operands)} operands, not {len(values)}")
        self.a = self.b = self.c = 0
        self.args = []
        self.take(row, values)
        self.width = self.size = SIZES.get(type, 0)
        if self.size == 0 and (map and name != "fdlist" or name in ("val", "int", "uint", "long", "at", "const")):
            row.fail(f"'{name}' cannot make a parameter of type {type}")
        if map and name not in ("at", "sembuf", "fdlist"):
            self.size = max(self.size, 4)

    def take(self, row, values):
        free = ["a", "b", "c"]
        for operand, text in sorted(zip(self.kind.operands, values), key=lambda o: (o[0] not in "ABC", o[0] != "W")):
            if operand == "W":
                value = self.kind.words.index(row.word(text, self.kind.words, self.kind.name))
            else:
                value = row.number(text, "operand")
            if operand in "ABC":
                if value >= ARGS_MAX:
                    row.fail(f"there is no argument {value}")
                self.args.append(value)
                field = free.pop(0)
            else:
                field = "c" if "c" in free else free[-1]
                free.remove(field)
            if not 0 <= value <= (0xffff if field == "c" else 0xff):
                row.fail(f"operand {value} does not fit")
            setattr(self, field, value)


class Syscall:
    def __init__(self, row, event, steps, numbers):
        self.row, self.event, self.steps, self.numbers = row, event, steps, numbers
        self.name = row["name"]


class Conversion:
    """event, number of parameters -> event, where each of its parameters comes from (scap_convert.tsv)"""

    def __init__(self, row, events):
        by_id = {e.id: e for e in events.values() if "UNUSED" not in e.traits}
        old = by_id[row.word(row["event"], by_id, "event")]
        new = by_id[row.word(row["to"], by_id, "event")]
        self.type, self.to, self.n_params = old.code, new.code, row.number(row["params"], "number of parameters")
        self.sources = [s for word in row["values"].split() for s in self.expand(row, word)]
        if len(self.sources) != len(new.params):
            row.fail(f"{len(self.sources)} values for the {len(new.params)} parameters of {new.id}")
        for kind, index in self.sources:
            if kind == "OLD" and index >= self.n_params:
                row.fail(f"there is no parameter {index}")

    @staticmethod
    def expand(row, word):
        fixed = {"=": "ZERO", "-": "EMPTY", "json": "JSON"}
        match = re.match(r"(?:(\d+)\*)?([=-]|json)$", word)
        if match:
            return [(fixed[match.group(2)], 0)] * int(match.group(1) or 1)
        match = re.match(r"(e?)(\d+)(?:\.\.(\d+))?(\??)$", word)
        if not match or match.group(4) and not match.group(1):
            row.fail(f"unknown value '{word}'")
        kind = ("ENTER_OR_EMPTY" if match.group(4) else "ENTER_OR_ZERO") if match.group(1) else "OLD"
        return [(kind, i) for i in range(int(match.group(2)), int(match.group(3) or match.group(2)) + 1)]


class Tables:
    def __init__(self):
        self.flags, self.dynamic, self.kinds, self.maps, self.events, self.ppm_sc = {}, {}, {}, {}, {}, {}
        self.syscalls = []
        self.read_flags()
        self.read_dynamic()
        self.read_kinds()
        self.read_maps()
        self.read_events()
        self.read_ppm_sc()
        for row in read("syscalls.tsv"):
            self.syscalls.append(self.read_syscall(row))
        self.check_own()
        self.conversions = [Conversion(row, self.events) for row in read("scap_convert.tsv")]

    def read_flags(self):
        for row in read("flags.tsv"):
            value = row.number(row["value"], "value")
            if not 0 <= value < 1 << 64:
                row.fail(f"{value} does not fit 64 bits")
            self.flags.setdefault(row["set"], []).append((value, row["name"]))

    def read_dynamic(self):
        for row in read("dynamic.tsv"):
            rows = self.dynamic.setdefault(row["set"], [])
            if row.number(row["index"], "index") != len(rows):
                row.fail(f"index {row['index']}, {len(rows)} expected")
            rows.append((row.word(row["type"], TYPES, "type"), row.word(row["format"], FORMATS, "format")))

    def read_kinds(self):
        for row in read("kinds.tsv"):
            if row["kind"] in self.kinds:
                row.fail(f"kind '{row['kind']}' is there twice")
            self.kinds[row["kind"]] = Kind(row)

    def read_maps(self):
        for row in read("maps.tsv"):
            native = row["x86"]
            rule = {"keep": "KEEP", "else": "ELSE"}.get(native, "MATCH")
            x86 = row.number(native, "value") if rule == "MATCH" else 0
            arm = x86 if row["aarch64"] in ("=", "-") else row.number(row["aarch64"], "value")
            if row["mask"] == "=" and rule == "MATCH":
                mask = (x86, arm)
            else:
                mask = (0xffffffff if row["mask"] in ("all", "-") else row.number(row["mask"], "mask"),) * 2
            if rule == "ELSE" and row["family"] == "=":
                rule = "ELSE_NATIVE"
            family = 0 if row["family"] in ("=", "-") else row.number(row["family"], "value")
            if row["family"] == "=" and rule == "MATCH":
                family = x86
            if row["aarch64"] == "-" and rule == "MATCH":
                mask, arm = (mask[0], 0), 1  # never
            self.maps.setdefault(row["map"], []).append((rule, mask[0], mask[1], x86, arm, family))

    def read_events(self):
        for row in read("events.tsv"):
            code = row.number(row["code"], "code")
            if code != len(self.events):
                row.fail(f"event {code}, {len(self.events)} expected")
            params = []
            for text in row.rest:
                if text:
                    params.append(Param(row, text, params, self))
            event = Event(row, code, row["enum"], row["name"], params)
            event.result = event.index(row, row["result"], "result")
            event.fd = event.index(row, row["fd"], "fd")
            event.check()
            self.events[code] = event

    def read_ppm_sc(self):
        for row in read("ppm_sc.tsv"):
            self.ppm_sc[row["name"]] = row.number(row["code"], "code")

    def read_syscall(self, row):
        code = row.number(row["event"], "event")
        items = [t for t in row.rest if t]
        if code not in self.events:
            if not EVENT_TYPE_OWN <= code < EVENT_TYPE_MAX:
                row.fail(f"event {code} is neither public nor one of ours")
            self.events[code] = self.own_event(row, code, items)
        elif row["category"] != "-":
            row.fail(f"event {row['event']} has its row already: its category must be '-'")
        event = self.events[code]
        steps = {}
        for text in items:
            spec, equals, recipe = text.partition("=")
            if not equals:
                row.fail(f"'{text}' is not param=kind...")
            index = event.index(row, spec.split(":")[0], "parameter")
            if index in steps:
                row.fail(f"parameter '{spec}' is there twice")
            steps[index] = Step(row, recipe, event, index, self)
        self.check_recipe(row, event, steps)
        numbers = [-1 if row[a] == "-" else row.number(row[a], "number") for a in ABIS]
        return Syscall(row, event, [steps[i] for i in sorted(steps)], numbers)

    def own_event(self, row, code, items):
        params = []
        for text in items:
            params.append(Param(row, text.partition("=")[0], params, self))
        event = Event(row, code, row["name"].upper(), row["name"], params)
        for i, text in enumerate(items):
            if text.partition("=")[2] == "ret":
                event.result = i
        fds = [i for i, p in enumerate(params) if p.type == "FD" and i != event.result]
        if "USES_FD" in event.traits:
            if not fds:
                row.fail("USES_FD, but no parameter of type FD")
            event.fd = fds[0]
        event.check()
        return event

    def check_recipe(self, row, event, steps):
        for i, p in enumerate(event.params):
            if i not in steps:
                row.fail(f"parameter '{p.name}' has no kind")
            kind = steps[i].kind.name
            if (i == event.result) != (kind == "ret") and not (i == event.result and kind == "absent"):
                row.fail(f"'{p.name}': the result, and it alone, is of kind 'ret'")
            if i == event.fd and kind not in ("int", "absent"):
                row.fail(f"'{p.name}': the fd must be of kind 'int' or 'absent'")

    def check_own(self):
        own = sorted(c for c in self.events if c >= EVENT_TYPE_OWN)
        for i, code in enumerate(own):
            if code != EVENT_TYPE_OWN + i:
                self.events[code].row.fail(f"event {code:#x}, {EVENT_TYPE_OWN + i:#x} is free")
        seen = {}
        for s in self.syscalls:
            for abi, number in zip(ABIS, s.numbers):
                if number >= SYSCALL_NUMBERS:
                    s.row.fail(f"{abi} {number} is beyond the highest number, {SYSCALL_NUMBERS - 1}")
                if number >= 0 and seen.setdefault((abi, number), s) is not s:
                    s.row.fail(f"{abi} {number} is {seen[abi, number].name} already")
                if number >= 0 and seen.setdefault((abi, s.name), s) is not s:
                    s.row.fail(f"{s.name} has a number of {abi} already")


def quote(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(folder, name, sources, macros, rows):
    lines = [f"/* made by generate.py from {sources} */"]
    for macro, args in macros.items():
        lines += [f"#ifndef {macro}", f"#define {macro}({args})", "#endif"]
    for macro, *values in rows:
        lines.append(f"{macro}({', '.join(str(v) for v in values)})")
    lines += [f"#undef {macro}" for macro in macros]
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")


def flag_rows(t):
    for name, rows in t.flags.items():
        yield "FLAG_TABLE", name
        for value, flag in rows:
            yield "FLAG", name, f"{value:#x}ull", quote(flag)
        yield "FLAG_TABLE_END", name
    for name, rows in t.dynamic.items():
        yield "DYNAMIC_TABLE", name, len(rows)
        for type, format in rows:
            yield "DYNAMIC", name, "PT_" + type, "PF_" + format
        yield "DYNAMIC_TABLE_END", name


def param_row(p):
    return ("PARAM", quote(p.name), "PT_" + p.type, "PF_" + p.format, p.dirfd, p.flags or "NONE", p.dynamic or "NONE")


def event_rows(t):
    """Parameters that several events have alike stand in the table once, also as a part of a longer list."""
    lists = {code: [param_row(p) for p in e.params] for code, e in t.events.items()}
    table, places = [], {}
    for rows in sorted(lists.values(), key=len, reverse=True):
        if tuple(rows) not in places:
            places[tuple(rows)] = len(table)
            table += rows
            for first in range(len(rows)):
                for end in range(first + 1, len(rows) + 1):
                    places.setdefault(tuple(rows[first:end]), places[tuple(rows)] + first)
    for code in sorted(t.events):
        e = t.events[code]
        yield ("EVENT", code, e.id, quote(e.name), " + ".join("EC_" + c for c in e.categories),
               " | ".join("EF_" + f for f in e.traits) or "0", places.get(tuple(lists[code]), 0), len(e.params),
               e.result, e.fd)
    yield from table


def syscall_rows(t):
    names = {}
    for s in t.syscalls:
        numbers = names.setdefault(s.name, [-1, -1, -1])
        for i, n in enumerate(s.numbers):
            if n >= 0:
                numbers[i] = n
    done = {}
    for s in t.syscalls:
        if s.name not in done:
            for abi, number in zip(ABIS, names[s.name]):
                if number >= 0:
                    yield "SYSCALL_NUMBER", "ABI_" + abi.upper(), number, len(done)
            done[s.name] = s.event
            yield ("SYSCALL", quote(s.name), *names[s.name], s.event.code, t.ppm_sc.get(s.name, 0))
        elif done[s.name] is not s.event:
            s.row.fail(f"{s.name} has event {done[s.name].code} in its first row")


def recipe_rows(t):
    for index, s in enumerate(t.syscalls):
        for abi, number in zip(ABIS, s.numbers):
            if number >= 0:
                yield "RECIPE_NUMBER", "ABI_" + abi.upper(), number, index
        event, steps, fd_arg, absent = s.event, [], "RECIPE_NO_ARG", 0
        flags = ["RECIPE_STATE"] if "MODIFIES_STATE" in event.traits else []
        for step in s.steps:
            if step.kind.name == "absent":
                absent |= 1 << step.param
            elif step.param == event.fd:
                fd_arg = step.a
            elif step.param != event.result:
                steps.append(step)
        if any(step.map for step in steps):
            flags.append("RECIPE_MAPPED")
        yield ("RECIPE", quote(s.name), *s.numbers, event.code, len(steps), len(event.params),
               event.result, event.fd, fd_arg, f"{absent:#x}u", " | ".join(flags) or "0")
        for step in steps:
            yield ("STEP", step.param, "KIND_" + step.kind.name.upper(), step.a, step.b, step.c, step.size,
                   step.width, "STEP_ON_SUCCESS" if step.on_success else "0",
                   "MAP_" + (step.map or "none").upper())
        yield "RECIPE_END", quote(s.name)


def kind_rows(t):
    for name, kind in t.kinds.items():
        yield "KIND", name.upper(), quote(name), quote(",".join(kind.operands)), quote(kind.meaning)
        for word in kind.words:
            yield "WORD", name.upper(), word.upper(), quote(word), kind.words.index(word)


def conversion_rows(t):
    first = 0
    for c in sorted(t.conversions, key=lambda c: (c.type, c.n_params)):
        yield "CONVERSION", c.type, c.n_params, c.to, first, len(c.sources)
        first += len(c.sources)
        for kind, index in c.sources:
            yield "SOURCE", "SOURCE_" + kind, index


def map_rows(t):
    first = 0
    for name, rows in t.maps.items():
        yield "MAP", name.upper(), quote(name), first, len(rows)
        first += len(rows)
        for rule, mask_x86, mask_arm, x86, arm, family in rows:
            yield ("MAP_ROW", name.upper(), "RULE_" + rule, f"{mask_x86:#x}u", f"{mask_arm:#x}u", f"{x86:#x}u",
                   f"{arm:#x}u", f"{family:#x}u")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    folder = sys.argv[1]
    t = Tables()
    write(folder, "flags.def", "flags.tsv and dynamic.tsv",
          {"FLAG_TABLE": "set", "FLAG": "set, value, name", "FLAG_TABLE_END": "set",
           "DYNAMIC_TABLE": "set, n_rows", "DYNAMIC": "set, type, format", "DYNAMIC_TABLE_END": "set"}, flag_rows(t))
    write(folder, "events.def", "events.tsv and syscalls.tsv",
          {"EVENT": "type, id, name, category, traits, first_param, n_params, result_param, fd_param",
           "PARAM": "name, type, format, dirfd_param, flags, dynamic"}, event_rows(t))
    write(folder, "syscalls.def", "syscalls.tsv",
          {"SYSCALL": "name, x86_64, i386, aarch64, event, ppm_sc",
           "SYSCALL_NUMBER": "abi, number, index"}, syscall_rows(t))
    write(folder, "ppm_sc.def", "ppm_sc.tsv", {"PPM_SC": "code, name"},
          (("PPM_SC", code, quote(name)) for name, code in t.ppm_sc.items()))
    write(folder, "recipes.def", "syscalls.tsv",
          {"RECIPE": "name, x86_64, i386, aarch64, event, n_steps, n_params, result_param, fd_param, fd_arg, "
                     "absent, flags",
           "RECIPE_NUMBER": "abi, number, index", "STEP": "param, kind, a, b, c, size, width, flags, map",
           "RECIPE_END": "name"}, recipe_rows(t))
    write(folder, "kinds.def", "kinds.tsv",
          {"KIND": "id, name, operands, meaning", "WORD": "kind, id, name, index"}, kind_rows(t))
    write(folder, "scap_convert.def", "scap_convert.tsv",
          {"CONVERSION": "type, n_params, to, first, count", "SOURCE": "kind, index"}, conversion_rows(t))
    write(folder, "maps.def", "maps.tsv",
          {"MAP": "id, name, first_row, n_rows",
           "MAP_ROW": "map, rule, mask_x86, mask_aarch64, x86, aarch64, family"}, map_rows(t))


if __name__ == "__main__":
    main()
