#!/usr/bin/python3
"""What `meson test` found, one line per test: ok, not ok (with its words), skip (with its reason).

usage: meson_results.py BUILD/meson-logs/testlog.json
"""
import json
import re
import sys


def reason(text):
    """The line in which a test says why it skips."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if re.search(r"\bskip", line, re.IGNORECASE):
            return line
    return lines[-1] if lines else "it does not say why"


def main():
    n = 0
    with open(sys.argv[1], encoding="utf-8") as f:
        for line in f:
            test = json.loads(line)
            n += 1
            name = re.sub(r"^scapkit:", "", test["name"])
            words = test.get("stdout", "") + test.get("stderr", "")
            inner = [t for t in words.splitlines()
                     if re.match(r"(not )?ok\b.*# *skip", t, re.IGNORECASE)]
            for measured in re.findall(r"^measured - .*", words, re.MULTILINE):
                print(measured)
            if test["result"] in ("OK", "EXPECTEDFAIL"):
                print("ok - %s (%.1f s)" % (name, test["duration"]))
                for t in inner:
                    print("skip - %s: %s" % (name, t))
            elif test["result"] == "SKIP":
                print("skip - %s: %s" % (name, reason(words)))
            else:
                print("\n".join(words.splitlines()[-60:]))
                print("not ok - %s: %s" % (name, test["result"]))
    return 0 if n else 1


sys.exit(main())
