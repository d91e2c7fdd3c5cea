#!/usr/bin/python3
"""Shell completion from what a tool's --help says, and whether its manual page says the same.

usage: from_help.py bash|zsh TOOL          completion on stdout
       from_help.py check TOOL PAGE        every option of --help is in PAGE, and the other way round
TOOL is the program itself: the table behind --help is the one place where options are listed.
"""
import os
import re
import subprocess
import sys

LEFT = re.compile(r"^(?:-(\w)(?:, )?|    )(?:--([\w-]+))?(\[\S+\]| \S.*)?$")
LEFT_WIDTH = 26     # as options_print() lays it out
FILES = {"FILE", "PATH"}


def options(tool):
    """[letter, name, value, help] of each option; '' for what it has not."""
    text = subprocess.run([tool, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = []
    for line in text.splitlines():
        if line.endswith(" "):      # too long for its column: the help is in the next line
            left, words = line[2:].rstrip(), ""
        else:
            left, words = line[2:2 + LEFT_WIDTH].rstrip(), line[3 + LEFT_WIDTH:]
        m = LEFT.match(left) if line.startswith("  ") else None
        if m and (m.group(1) or m.group(2)):
            rows.append([(g or "").strip() for g in m.groups()] + [words])
        elif rows and line.startswith(" " * LEFT_WIDTH) and not rows[-1][3]:
            rows[-1][3] = line.strip()
    if len(rows) < 2:
        sys.exit("%s --help lists no options" % tool)
    return rows


def spellings(row):
    return (["-" + row[0]] if row[0] else []) + (["--" + row[1]] if row[1] else [])


def bash(tool, rows):
    name = os.path.basename(tool)
    words, cases = [], []
    for row in rows:
        words += spellings(row)
        value = row[2]
        if not value or value.startswith("["):
            continue
        if value in FILES:
            action = 'mapfile -t COMPREPLY < <(compgen -f -- "$cur")'
        elif "|" in value:
            action = ("mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")"
                      % value.replace("|", " "))
        elif value == "PID":
            action = "mapfile -t COMPREPLY < <(compgen -W \"$(cd /proc && echo [0-9]*)\" -- \"$cur\")"
        else:
            action = ":"
        cases.append("\t%s) %s; return ;;" % (" | ".join(spellings(row)), action))
    return """# generated from %(name)s --help
_%(name)s() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i
	COMPREPLY=()
	# What follows -- is a command of its own.
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [ "${COMP_WORDS[i]}" = -- ]; then
			mapfile -t COMPREPLY < <(if ((i + 1 == COMP_CWORD)); then compgen -c -- "$cur"
				else compgen -f -- "$cur"; fi)
			return
		fi
	done
	case $prev in
%(cases)s
	esac
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '%(words)s' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}
complete -o filenames -F _%(name)s %(name)s
""" % {"name": name, "cases": "\n".join(cases), "words": " ".join(words)}


def zsh(tool, rows):
    name = os.path.basename(tool)
    specs = []
    for row in rows:
        both = spellings(row)
        words = re.sub(r"([\[\]:\\])", r"\\\1", row[3]).replace("'", "'\\''")
        value = row[2]
        if value.startswith("["):
            action = ""
        elif value in FILES:
            action = ":file:_files"
        elif "|" in value:
            action = ":value:(%s)" % value.replace("|", " ")
        elif value == "PID":
            action = ":process:_pids"
        elif value:
            action = ":%s: " % value.lower()
        else:
            action = ""
        if value and not value.startswith("["):     # a value may stand in the same word
            both = [o + ("=" if o.startswith("--") else "+") for o in both]
        spec = "'(%s)'{%s}" % (" ".join(spellings(row)), ",".join(both)) if row[0] and row[1] else both[0]
        specs.append("\t%s'[%s]%s'" % (spec, words, action))
    return """#compdef %s
# generated from %s --help
_arguments -s \\
%s \\
	'*:: :_normal'
""" % (name, name, " \\\n".join(specs))


def check(tool, page):
    """Options of an mdoc page stand in '.It Fl r , Fl -read Ar FILE' lines."""
    wanted = {s for row in options(tool) for s in spellings(row)}
    documented = set()
    with open(page, encoding="utf-8") as f:
        for line in f:
            if line.startswith(".It Fl "):
                documented |= {"-" + w for w in re.findall(r"\bFl (-?[\w-]+)", line)}
    wrong = (["%s: %s is not in %s" % (tool, o, page) for o in sorted(wanted - documented)] +
             ["%s: %s is not an option of %s" % (page, o, tool)
              for o in sorted(documented - wanted)])
    for line in wrong:
        print(line)
    print("%s: %d options, %d wrong" % (os.path.basename(page), len(wanted), len(wrong)))
    return 1 if wrong else 0


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "check":
        return check(sys.argv[2], sys.argv[3])
    if len(sys.argv) == 3 and sys.argv[1] in ("bash", "zsh"):
        make = bash if sys.argv[1] == "bash" else zsh
        sys.stdout.write(make(sys.argv[2], options(sys.argv[2])))
        return 0
    sys.exit(__doc__)


sys.exit(main())
