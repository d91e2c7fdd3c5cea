#!/usr/bin/python3
"""What `meson test` found, one line per test: ok, not ok (with its words), skip (with its reason).

usage: meson_results.py TESTLOG.json [AGAIN.json ...]     AGAIN: the log of another try of one test
       meson_results.py --failed SUITES TESTLOG.json      the names of those that failed, of these suites
"""
import json
import os
import re
import sys

GOOD = ("OK", "EXPECTEDFAIL")


def read(path):
    """The tests of a log: name with its suites in front ("live / torture"), and what is known of it."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as f:
        tests = [json.loads(line) for line in f]
    return {re.sub(r"^scapkit:", "", test["name"]): test for test in tests}


def words(test):
    return test.get("stdout", "") + test.get("stderr", "")


def reason(text):
    """The line in which a test says why it skips."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if re.search(r"\bskip", line, re.IGNORECASE):
            return line
    return lines[-1] if lines else "it does not say why"


def complaint(text):
    """What a failed try said, in a line."""
    lines = text.splitlines()
    said = [line for i, line in enumerate(lines) if line.startswith("not ok") or (i and lines[i - 1].startswith("not ok"))]
    return " | ".join(said or lines[-3:])[:300]


def show(name, test, second):
    for line in re.findall(r"^measured - .*", words(second or test), re.MULTILINE):
        print(line)
    if test["result"] in GOOD:
        print("ok - %s (%.1f s)" % (name, test["duration"]))
        for line in words(test).splitlines():
            if re.match(r"(not )?ok\b.*# *skip", line, re.IGNORECASE):
                print("skip - %s: %s" % (name, line))
    elif test["result"] == "SKIP":
        print("skip - %s: %s" % (name, reason(words(test))))
    elif second and second["result"] in GOOD:
        print("measured - %s: right at the second try; the first: %s" % (name, complaint(words(test))))
        print("ok - %s (%.1f s, the second try)" % (name, second["duration"]))
    else:
        print("\n".join(words(test).splitlines()[-60:]))
        print("not ok - %s: %s%s" % (name, test["result"], ", twice" if second else ""))


def main():
    if sys.argv[1] == "--failed":
        suites = set(sys.argv[2].split(","))
        for name, test in read(sys.argv[3]).items():
            own, _, bare = name.partition(" / ")
            if test["result"] not in GOOD + ("SKIP",) and suites & set(own.split("+")):
                print(bare)
        return 0
    tests, again = read(sys.argv[1]), {}
    for path in sys.argv[2:]:
        again.update(read(path))
    for name, test in tests.items():
        show(name, test, again.get(name))
    return 0 if tests else 1


sys.exit(main())
