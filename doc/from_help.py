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
FIELDS = {"FIELD", "FIELDS", "EXPRESSION"}
USERS = {"user", "run-as"}


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


def takes(tool):
    """What stands behind the options, as the first line of --help says it."""
    text = subprocess.run([tool, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    first = text.splitlines()[0]
    return "filter" if "[filter" in first else "command" if " command" in first else "file"


BASH = """# generated from %(name)s --help
# Fields, behind what stands in front of one in a filter, a format or a list.
_%(name)s_fields() {
	local front
	cur=${cur#[\\'\\"]}
	front=${cur%%"${cur##*[ (,%%]}"}
	mapfile -t COMPREPLY < <(compgen -P "$front" -W "$(scapread -l 2> /dev/null |
		sed -nE 's/^  ([a-z]+[.][a-z_.]+).*/\\1/p')" -- "${cur#"$front"}")
	compopt -o nospace 2> /dev/null
}

# What a field is compared with, where that can be told.
_%(name)s_values() {
	case $1 in
	*evt.type) mapfile -t COMPREPLY < <(compgen -W "$(scapread -L 2> /dev/null |
		sed -nE 's/^ *[0-9]+ . ([a-z_0-9]+)[(].*/\\1/p' | sort -u)" -- "$cur") ;;
	*.is_* | *.failed) mapfile -t COMPREPLY < <(compgen -W 'true false' -- "$cur") ;;
	*user.name) mapfile -t COMPREPLY < <(compgen -u -- "$cur") ;;
	esac
}

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
	# --option=value and field=value are three words.
	if [ "$cur" = = ]; then
		cur=
	elif [ "$prev" = = ]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	case $prev in
%(cases)s
	*.*) if [ "${COMP_WORDS[COMP_CWORD]}" = = ] || [ "${COMP_WORDS[COMP_CWORD - 1]}" = = ]; then
			_%(name)s_values "$prev"
			return
		fi ;;
	esac
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '%(words)s' -- "$cur") ;;
	*) %(operands)s ;;
	esac
}
complete -o filenames -F _%(name)s %(name)s
"""


def bash_operands(tool, name):
    files = 'mapfile -t COMPREPLY < <(compgen -f -- "$cur")'
    return {"filter": "_%s_fields" % name, "file": files,
            "command": 'mapfile -t COMPREPLY < <(compgen -c -f -- "$cur")'}[takes(tool)]


def kind(row):
    """What the value of an option is, for completion: a word, or "" where nothing is known of it."""
    value = row[2]
    if not value or value.startswith("["):
        return "none"
    for words, found in ((value in FILES, "file"), (value in FIELDS or row[1] == "print", "field"), (row[1] in USERS, "user"),
                         (row[1] == "interface", "interface"), ("|" in value, "choice"), (value == "PID", "pid")):
        if words:
            return found
    return ""


def bash(tool, rows):
    name = os.path.basename(tool)
    words, cases = [], []
    for row in rows:
        words += spellings(row)
        if kind(row) == "none":
            continue
        from_words = {"file": "-f", "user": "-u", "interface": '-W "any $(cd /sys/class/net && echo *)"',
                      "choice": "-W '%s'" % row[2].replace("|", " "), "pid": '-W "$(cd /proc && echo [0-9]*)"'}
        action = {"": ":", "field": "_%s_fields" % name}.get(
            kind(row), 'mapfile -t COMPREPLY < <(compgen %s -- "$cur")' % from_words.get(kind(row)))
        cases.append("\t%s) %s; return ;;" % (" | ".join(spellings(row)), action))
    return BASH % {"name": name, "cases": "\n".join(cases), "words": " ".join(words),
                   "operands": bash_operands(tool, name)}


ZSH = """#compdef %(name)s
# generated from %(name)s --help
# Fields, behind what stands in front of one in a filter, a format or a list.
_%(name)s_fields() {
	compset -P '*[ (,%%]'
	compadd -S '' -- ${(f)"$(scapread -l 2> /dev/null | sed -nE 's/^  ([a-z]+[.][a-z_.]+).*/\\1/p')"}
}

# What follows -- is a command of its own.
local n=${words[(i)--]}
if (( n < CURRENT )); then
	shift $n words
	(( CURRENT -= n ))
	_normal
	return
fi
_arguments -s \\
%(specs)s \\
	'%(operands)s'
"""


def zsh(tool, rows):
    name = os.path.basename(tool)
    specs = []
    for row in rows:
        both = spellings(row)
        words = re.sub(r"([\[\]:\\])", r"\\\1", row[3]).replace("'", "'\\''")
        action = {"none": "", "file": ":file:_files", "field": ":field:_%s_fields" % name, "user": ":user:_users",
                  "interface": ":interface:_net_interfaces", "choice": ":value:(%s)" % row[2].replace("|", " "),
                  "pid": ":process:_pids", "": ":%s: " % row[2].lower()}[kind(row)]
        if kind(row) != "none":     # a value may stand in the same word
            both = [o + ("=" if o.startswith("--") else "+") for o in both]
        spec = "'(%s)'{%s}" % (" ".join(spellings(row)), ",".join(both)) if row[0] and row[1] else both[0]
        specs.append("\t%s'[%s]%s'" % (spec, words, action))
    operands = {"filter": "*:filter:_%s_fields" % name, "file": "*:file:_files",
                "command": "*::command:_normal"}[takes(tool)]
    return ZSH % {"name": name, "specs": " \\\n".join(specs), "operands": operands}


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
