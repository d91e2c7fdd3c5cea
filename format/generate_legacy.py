#!/usr/bin/python3
"""Makes scap_legacy.def of scap_legacy.tsv: which of our parameters each old one is.

usage: generate_legacy.py OUTPUT_FOLDER
"""
import sys

from generate import EVENT_TYPE_OWN, Tables, read, write

NONE = 0xFF  # LEGACY_NONE of scap_legacy.h


class Legacy:
    def __init__(self, row, by_id, by_code):
        self.event = by_id[row.word(row["event"], by_id, "event")]
        exit = self.event if row["as"] == "-" else by_id[row.word(row["as"], by_id, "event")]
        if exit.code >= EVENT_TYPE_OWN:
            row.fail(f"{exit.id} is none of the old types")
        self.exit = exit
        self.values = dict(v.split("=") for v in row["values"].split() if v != "-")
        self.exit_params = self.sources(row, exit, row["exit"], "")
        self.entry, self.entry_params = None, []
        if row["entry"] != "-":
            self.entry = by_code[exit.code - 1]
            self.entry_params = self.sources(row, self.entry, row["entry"], ">")

    def sources(self, row, old, count, place):
        count = row.number(count, "number of parameters")
        if count > len(old.params):
            row.fail(f"{old.id} has {len(old.params)} parameters, not {count}")
        ours = {p.name: i for i, p in enumerate(self.event.params)}
        result = []
        for p in old.params[:count]:
            name = self.values.get(place + p.name, self.values.get(p.name, p.name))
            if name != "-" and name not in ours and name != p.name:
                row.fail(f"'{name}' is no parameter of {self.event.id}")
            result.append(ours.get(name, NONE))
        return result


def rows():
    tables = Tables()
    events = list(tables.events.values())
    by_id = {e.id: e for e in events if "UNUSED" not in e.traits}
    by_code = {e.code: e for e in events}
    done, first = set(), 0
    for row in read("scap_legacy.tsv"):
        legacy = Legacy(row, by_id, by_code)
        if legacy.event.code in done:
            row.fail(f"{legacy.event.id} is there twice")
        done.add(legacy.event.code)
        entry, exit = legacy.entry_params, legacy.exit_params
        yield ("LEGACY", legacy.event.code, legacy.entry.code if legacy.entry else "LEGACY_ALONE", legacy.exit.code,
               first, len(entry), len(exit))
        first += len(entry) + len(exit)
        for source in entry + exit:
            yield "LEGACY_PARAM", source


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    write(sys.argv[1], "scap_legacy.def", "scap_legacy.tsv",
          {"LEGACY": "event, entry, exit, first, n_entry, n_exit", "LEGACY_PARAM": "source"}, rows())


if __name__ == "__main__":
    main()
