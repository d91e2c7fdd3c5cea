#!/usr/bin/python3
"""filters/FIELDS.md is what scapread -l --markdown says, and fields_absent.tsv.

usage: fields_doc.py [--update] SOURCE-ROOT BUILD-ROOT
"""
import pathlib
import subprocess
import sys

HEAD = """# Fields

What can be asked of an event, in filters, in `-p` and in JSON. Made by `tests/layout/fields_doc.py --update` from
`fields.tsv`; `scapread -l` says the same. `[argument]` may be left out, `<argument>` may not.

"""
ABSENT = """
## Fields of sysdig and Falco that are not offered

| field | why |
|---|---|
"""


def main():
    update = sys.argv[1] == "--update"
    root, build = (pathlib.Path(a).resolve() for a in sys.argv[1 + update:])
    listed = subprocess.run([build / "scapread", "-l", "--markdown"], stdout=subprocess.PIPE, text=True, check=True)
    text = HEAD + listed.stdout + ABSENT
    with open(root / "filters/fields_absent.tsv", encoding="utf-8") as rows:
        for line in list(rows)[1:]:
            text += "| `%s` | %s |\n" % tuple(line.rstrip("\n").split("\t"))
    path = root / "filters/FIELDS.md"
    if update:
        path.write_text(text, encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return 0
    print("filters/FIELDS.md is not what the tables say: tests/layout/fields_doc.py --update SOURCE-ROOT BUILD-ROOT")
    return 1


sys.exit(main())
