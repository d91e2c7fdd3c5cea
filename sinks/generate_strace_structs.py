#!/usr/bin/python3
"""Makes strace_structs.def of strace_structs.tsv and of format/structs.tsv: how structures are printed.

usage: generate_strace_structs.py OUTPUT_FOLDER
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "format"))
import generate  # noqa: E402
import generate_memory  # noqa: E402

FORMS = "d x p text filemode dev flags enum time limit limit64 open sigset val epoll".split()
ITEM = re.compile(r"([a-z_][a-z_0-9.]*)(?:/(\w+)(?::(\w+))?)?$")


def items_of(row, text, structs):
    known = {field for layout in structs[row["struct"]].values() for field, *_ in layout.fields}
    for word in text.split():
        if word == "...":
            yield "...", "d", None
            continue
        match = ITEM.match(word)
        if not match or match.group(1) not in known:
            row.fail(f"'{word}' is no field of {row['struct']}")
        yield match.group(1), row.word(match.group(2) or "d", FORMS, "form"), match.group(3)


def rows():
    structs = generate_memory.read_structs()
    generate.HERE = HERE
    n = 0
    for row in generate.read("strace_structs.tsv"):
        row.word(row["struct"], structs, "structure")
        parts = []
        for column in ("short", "full"):
            items = list(items_of(row, row["short" if row[column] == "-" else column], structs))
            parts += [n, len(items)]
            n += len(items)
            for field, form, flags in items:
                yield ("STRACE_ITEM", generate.quote(field), "FORM_" + form.upper(),
                       generate.quote(flags) if flags else "NULL")
        yield ("STRACE_STRUCT", row["struct"].upper(), *parts)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    generate.write(sys.argv[1], "strace_structs.def", "strace_structs.tsv",
                   {"STRACE_ITEM": "field, form, set", "STRACE_STRUCT": "id, short_first, n_short, full_first, n_full",
                    "STRACE_FORM": "id"},
                   [*rows(), *(("STRACE_FORM", "FORM_" + form.upper()) for form in FORMS)])


main()
