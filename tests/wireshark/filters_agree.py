#!/usr/bin/python3
"""Display filters select the events that scapread's filters select, in every capture.

usage: filters_agree.py BUILD-ROOT      TAP on standard output

tshark takes all filters of display_filters.tsv in one pass over a capture: for each it gives how many
events there were, and the sum of their numbers.
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import plugin_runner as pr  # noqa: E402

ROWS = [line.split("\t") for line in
        (pathlib.Path(__file__).parent / "display_filters.tsv").read_text().splitlines() if line[0] != "#"]


def without_commas(one):
    """io,stat ends a filter at a comma: sets are written as what they mean."""
    def spell(m):
        return "(" + " || ".join("%s == %s" % (m.group(1), v.strip()) for v in m.group(2).split(",")) + ")"
    return re.sub(r"([\w.]+) in \{([^}]*)\}", spell, one)


def by_tshark(r, copy, filters):
    """[(events, sum of their numbers)], by the columns of a table whose one row is the whole capture."""
    asked = ["io,stat,0"]
    for one in map(without_commas, filters):
        asked += [one, "SUM(scap.evt.num)scap.evt.num && (%s)" % one]
    table = r.lines("tshark", "-q", "-r", copy, "-z", ",".join(asked))
    row = next(line for line in table if "<>" in line)
    cells = [int(c) for c in row.strip(" |").split("|")[1:] for c in [c.strip()] if c]
    # a filter alone has frames and bytes, a sum is one cell
    return [(cells[i], cells[i + 2]) for i in range(0, len(cells), 3)]


def agree(path):
    def test(r):
        copy, wrong, some = r.take(path), [], 0
        found = by_tshark(r, copy, [row[1] for row in ROWS])
        assert len(found) == len(ROWS), f"{len(found)} answers to {len(ROWS)} filters"
        for (ours, theirs), answer in zip(ROWS, found):
            numbers = [int(n) for n in r.scapread("-r", copy, "-p", "%evt.num", ours)]
            some += bool(numbers)
            if answer != (len(numbers), sum(numbers)):
                wrong.append(f"{theirs}: {answer}, {ours}: {len(numbers), sum(numbers)}")
        assert not wrong, "\n".join(wrong)
        return "%d filters, %d of them select something" % (len(ROWS), some)
    return test


def one_by_one(r):
    """The same asked as everybody asks it."""
    copy = r.take(pr.SOURCE / "samples" / "server.scap")
    for ours, theirs in ROWS[4::12]:
        found = r.lines("tshark", "-r", copy, "-Y", theirs, "-T", "fields", "-e", "scap.evt.num")
        wanted = r.scapread("-r", copy, "-p", "%evt.num", ours)
        assert found == wanted, f"{theirs}: {len(found)}, {ours}: {len(wanted)}"


sys.exit(pr.tap([(path.name, agree(path)) for path in pr.captures()] + [("-Y", one_by_one)], sys.argv[1]))
