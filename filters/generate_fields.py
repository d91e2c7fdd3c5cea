#!/usr/bin/python3
"""filters/fields.tsv -> fields.def, one X-macro line per field.

usage: generate_fields.py fields.tsv fields.def
       generate_fields.py --absent fields_absent.tsv fields_absent.def

    FIELD(ID, name, class, by, type, format, needs, argument, columns, list, filter_only, help)

`by` names the function that extracts the field (extract_BY in one of the field_*.c files). Rows keep
their order: it is the order of scapread -l.
"""
import re
import sys

COLUMNS = ["name", "class", "by", "type", "format", "needs", "argument", "columns", "traits", "help"]
NEEDS = {"columns", "params", "threads", "fds", "users", "memory", "before"}
ARGUMENT = {"none": 0, "allowed": 1, "required": 2}
BATCH_COLUMNS = {"time", "duration", "tid", "type", "cpu", "flags", "result", "fd", "absent"}
TRAITS = {"list", "filter-only"}


def fail(path, n, words):
    sys.exit(f"{path}:{n}: {words}")


def bits(path, n, text, known, prefix):
    names = [] if text == "-" else text.split("+")
    for name in names:
        if name not in known:
            fail(path, n, f"unknown word '{name}' (known: {' '.join(sorted(known))})")
    return "|".join(prefix + name.upper() for name in names) or "0"


def row_line(path, n, row):
    if not re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)+", row["name"]):
        fail(path, n, f"bad field name '{row['name']}'")
    if row["argument"] not in ARGUMENT:
        fail(path, n, f"argument is none, allowed or required, not '{row['argument']}'")
    traits = set() if row["traits"] == "-" else set(row["traits"].split("+"))
    if traits - TRAITS:
        fail(path, n, f"unknown trait '{(traits - TRAITS).pop()}'")
    text = row["help"].replace("\\", "\\\\").replace('"', '\\"')
    return "FIELD(%s, \"%s\", \"%s\", %s, PT_%s, PF_%s, %s, %d, %s, %d, %d, \"%s\")\n" % (
        row["name"].replace(".", "_").upper(), row["name"], row["class"], row["by"], row["type"],
        row["format"], bits(path, n, row["needs"], NEEDS, "NEED_"), ARGUMENT[row["argument"]],
        bits(path, n, row["columns"], BATCH_COLUMNS, "COLUMN_"), "list" in traits,
        "filter-only" in traits, text)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def absent(path, target):
    with open(path, encoding="utf-8") as source, open(target, "w", encoding="utf-8") as out:
        out.write("/* made by generate_fields.py from fields_absent.tsv */\n")
        for n, line in enumerate(source, 1):
            cells = line.rstrip("\n").split("\t")
            if len(cells) != 2 or not all(cells):
                fail(path, n, "a name and a reason expected")
            if n > 1:
                out.write("ABSENT(%s, %s)\n" % (quoted(cells[0]), quoted(cells[1])))


def main():
    if sys.argv[1] == "--absent":
        absent(*sys.argv[2:])
        return
    path, target = sys.argv[1:]
    lines, seen = [], set()
    with open(path, encoding="utf-8") as source:
        for n, line in enumerate(source, 1):
            cells = line.rstrip("\n").split("\t")
            if n == 1:
                if cells != COLUMNS:
                    fail(path, n, "the first line must name the columns: " + " ".join(COLUMNS))
                continue
            if len(cells) != len(COLUMNS) or not all(cells):
                fail(path, n, f"{len(COLUMNS)} cells expected, '-' for an empty one")
            row = dict(zip(COLUMNS, cells))
            if row["name"] in seen:
                fail(path, n, f"field '{row['name']}' is there twice")
            seen.add(row["name"])
            lines.append(row_line(path, n, row))
    with open(target, "w", encoding="utf-8") as out:
        out.write("/* made by generate_fields.py from fields.tsv */\n")
        out.writelines(lines)


main()
