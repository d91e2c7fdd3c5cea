#!/usr/bin/env bash
# On a terminal a traced command gets Ctrl-C and Ctrl-Z, is stopped and goes on, and ends as it does untraced.
. "$(dirname "$0")/live.sh"
engines=(ptrace)
if [ "$(id -u)" = 0 ] && scapcap --engine=bpf -w "$TMP/probe.scap" -- /bin/true 2>"$TMP/probe"; then
	engines=(ptrace bpf)
else
	echo "not tried: the BPF engine: $(tail -1 "$TMP/probe" 2>/dev/null || echo needs root)"
fi
# names of their own, so that no others are taken for them
cp /bin/sleep "$TMP/nap-$$"
cp /bin/cat "$TMP/reader-$$"

# Whoever was killed may take a moment.
nobody_left() {
	local i
	for ((i = 0; i < 100; i++)); do
		pgrep -x "nap-$$" >/dev/null || pgrep -x "reader-$$" >/dev/null || return 0
		sleep 0.02
	done
	return 1
}

# steps NAME RUNNER...: what happens on the terminal, in NAME.steps
steps() {
	local name=$1
	shift
	timeout -k 5 120 /usr/bin/python3 "$HERE/terminal.py" "$TMP/nap-$$" "$TMP/reader-$$" "$@" >"$TMP/$name.steps" 2>&1 ||
		{ cat "$TMP/$name.steps"; wrong "$name: status $?"; return; }
	nobody_left || wrong "$name: left behind: $(ps -o pid,ppid,stat,comm -C "nap-$$,reader-$$")"
	diff "$TMP/untraced.steps" "$TMP/$name.steps" || { wrong "$name: not as untraced"; return; }
	measured "$name: $(wc -l <"$TMP/$name.steps") steps on a terminal, all as untraced"
}

steps untraced
cat "$TMP/untraced.steps"
for engine in "${engines[@]}"; do
	steps "$engine" scapcap -q --engine="$engine" -w "$TMP/t.scap" --
	steps "$engine with a filter" scapcap -q --engine="$engine" -w "$TMP/t.scap" evt.type=openat --
	steps "$engine, printing" scapcap -q --engine="$engine" --strace="'-f -o $TMP/t.strace'" --
done
steps scapstrace scapstrace -f -o "$TMP/t.strace"
finish
