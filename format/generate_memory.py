#!/usr/bin/python3
"""Makes memory.def of structs.tsv and memory.tsv: how structures lie in memory, and which are kept of a call.

usage: generate_memory.py OUTPUT_FOLDER
"""
import re
import sys

from generate import ABIS, ARGS_MAX, Tables, quote, read, write

WIDTHS = {"x86_64": 8, "i386": 4, "aarch64": 8}
NUMBERS = {"u8": (1, "UNSIGNED"), "u16": (2, "UNSIGNED"), "u32": (4, "UNSIGNED"), "u64": (8, "UNSIGNED"),
           "s8": (1, "SIGNED"), "s16": (2, "SIGNED"), "s32": (4, "SIGNED"), "s64": (8, "SIGNED"),
           "be16": (2, "NETWORK"), "char": (1, "TEXT"), "u64p": (8, "UNSIGNED"),
           "long": (None, "SIGNED"), "ulong": (None, "UNSIGNED"), "ptr": (None, "POINTER")}
STRUCT_MAX = 1024  # MEMORY_PIECE_MAX of memory.h
STEPS_MAX = 32
FACTS = ("environment", "entries", "old_entries", "mask", "before")
BEFORE_MAX = 16  # MEMORY_BEFORE_MAX of memory.h
FIELD = re.compile(r"([a-z_][a-z_0-9.]*|-):(\w+)(?:\[(\d+)\])?$")
PIECE = re.compile(r"(\?)?(\w+)(?:\{(\d)(?:&(\w+))?=(\w+)-(\w+)\})?=(?:(\d):)?(\w+\+?)(?:\[(\*?)(\w+)\]|:(\d)(?::(\w+))?)?$")


class Layout:
    """A structure of one ABI: where its fields are."""

    def __init__(self, row, abi):
        self.fields, at, align_all = [], 0, 1
        for text in row.rest:
            match = FIELD.match(text)
            if not match or match.group(2) not in NUMBERS:
                row.fail(f"'{text}' is no field")
            size, nature = NUMBERS[match.group(2)]
            size = size or WIDTHS[abi]
            align = min(size, 4) if match.group(2) == "u64p" else 4 if abi == "i386" and size == 8 else size
            at = (at + align - 1) // align * align
            count = int(match.group(3) or 1)
            if match.group(1) != "-":
                self.fields.append((match.group(1), at, size, count, nature))
            at += size * count
            align_all = max(align_all, align)
        self.size = (at + align_all - 1) // align_all * align_all
        if self.size > STRUCT_MAX:
            row.fail(f"{self.size} bytes, at most {STRUCT_MAX}")


def abis(row):
    return ABIS if row["abi"] == "*" else [row.word(a, ABIS, "ABI") for a in row["abi"].split(",")]


def read_structs():
    structs = {}
    for row in read("structs.tsv"):
        layouts = structs.setdefault(row["struct"], {})
        for abi in abis(row):
            if abi in layouts:
                row.fail(f"{row['struct']} has a layout for {abi} already")
            layouts[abi] = Layout(row, abi)
    return structs


class Step:
    def __init__(self, row, text, structs):
        match = PIECE.match(text)
        if not match:
            row.fail(f"'{text}' is no piece")
        late, self.name, arg, mask, low, high, a, what, star, count, fact, of = match.groups()
        self.late, self.when = bool(late), None
        if arg is not None:
            self.when = (self.argument(row, arg), row.number(mask, "mask") if mask else 0, row.number(low, "number"),
                         row.number(high, "number"))
            if not self.when[2] <= self.when[3] <= min(0xffff, self.when[2] + 255) or self.when[1] > 255:
                row.fail(f"'{text}': such a range cannot be asked for")
        self.a, self.b, self.struct = 0, 0, None
        if a is None:
            self.kind = row.word(what, FACTS, "fact").upper().removeprefix("OLD_")
            self.b = int(what == "old_entries")
            self.a = self.argument(row, fact) if fact else 0
            if what == "before":
                self.struct = row.word(of or "", structs, "structure")
                if max(layout.size for layout in structs[of].values()) > BEFORE_MAX:
                    row.fail(f"{of} has more than {BEFORE_MAX} bytes")
            return
        self.a = self.argument(row, a)
        if what == "bits":
            self.kind, self.b = "BITS", self.argument(row, count or "")
            return
        self.struct = row.word(what.rstrip("+"), structs, "structure")
        if what.endswith("+"):
            self.kind = "MESSAGE"
        elif count == "ret" and not star:
            self.kind = "RESULT"
        elif count:
            self.kind, self.b = "COUNTED" if star else "ITEMS", self.argument(row, count)
        else:
            self.kind = "BLOCK"

    @staticmethod
    def argument(row, text):
        if not text.isdigit() or int(text) >= ARGS_MAX:
            row.fail(f"there is no argument '{text}'")
        return int(text)


def read_memory(tables, structs):
    """{(call, abi): (number of arguments, steps)}"""
    calls = {(s.name, abi) for s in tables.syscalls for abi, number in zip(ABIS, s.numbers) if number >= 0}
    names = {s.name for s in tables.syscalls}
    found = {}
    for row in read("memory.tsv"):
        row.word(row["call"], names, "call")
        steps = [Step(row, text, structs) for text in row.rest if text]
        if sum(step.kind == "BEFORE" for step in steps) > 1:
            row.fail("one thing is kept from before a call")
        for abi in abis(row):
            if (row["call"], abi) in found:
                row.fail(f"{row['call']} has a row for {abi} already")
            for step in steps if (row["call"], abi) in calls else ():
                if step.struct and abi not in structs[step.struct]:
                    row.fail(f"{step.struct} has no layout for {abi}")
            found[row["call"], abi] = (0 if row["args"] == "-" else row.number(row["args"], "number"), steps)
    return found


def struct_rows(structs):
    n_fields = 0
    for number, (name, layouts) in enumerate(structs.items()):
        yield "STRUCT", name.upper(), quote(name), number
        for abi, layout in layouts.items():
            yield "LAYOUT", name.upper(), "ABI_" + abi.upper(), layout.size, n_fields, len(layout.fields)
            n_fields += len(layout.fields)
            for field, at, size, count, nature in layout.fields:
                yield "FIELD", quote(field), at, size, count, "FIELD_" + nature


def plan_rows(tables, memory):
    """A plan for each row of syscalls.tsv and each of its ABIs; steps are shared by those of one row of memory.tsv."""
    places, n_steps = {}, 0
    for (call, abi), (_, steps) in memory.items():
        if id(steps) in places:
            continue
        places[id(steps)] = n_steps
        for step in steps:
            if step.when:
                arg, mask, low, high = step.when
                yield "MEMORY_STEP", quote(""), "MEMORY_WHEN", arg, high - low, low, mask, "STRUCT_NONE", 0
                n_steps += 1
            yield ("MEMORY_STEP", quote(step.name), "MEMORY_" + step.kind, step.a, step.b, 0, 0,
                   "STRUCT_" + (step.struct or "none").upper(), "STEP_ON_SUCCESS" if step.late else "0")
            n_steps += 1
    for s in tables.syscalls:
        used = {a for step in s.steps for a in step.args}
        for abi, number in zip(ABIS, s.numbers):
            if number < 0:
                continue
            n_args, steps = memory.get((s.name, abi), (0, []))
            n_args = max([n_args] + [a + 1 for a in used])
            n = sum(2 if step.when else 1 for step in steps)
            n_recipe = sum(step.kind.name != "absent" and step.param not in (s.event.result, s.event.fd) for step in s.steps)
            if n_recipe + 1 + n > STEPS_MAX or len(s.event.params) >= STEPS_MAX:
                s.row.fail(f"{n_recipe} steps and {n} pieces: no room for them")
            yield "MEMORY_PLAN", "ABI_" + abi.upper(), number, n_args, places.get(id(steps), 0), n


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    tables = Tables()
    structs = read_structs()
    memory = read_memory(tables, structs)
    write(sys.argv[1], "memory.def", "structs.tsv and memory.tsv",
          {"STRUCT": "id, name, number", "LAYOUT": "id, abi, size, first_field, n_fields",
           "FIELD": "name, offset, size, count, nature",
           "MEMORY_STEP": "name, kind, a, b, c, mask, structure, flags",
           "MEMORY_PLAN": "abi, number, n_args, first_step, n_steps"},
          [*struct_rows(structs), *plan_rows(tables, memory)])


if __name__ == "__main__":
    main()
