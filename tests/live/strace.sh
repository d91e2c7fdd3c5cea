#!/usr/bin/env bash
# As many calls of each name as strace -f sees: within the range of five runs of strace.
#
# Programs differ from run to run (a temporary name that is taken, one poll more), so a name outside
# of the range gets a second round: five more runs of strace, a new capture. Two rounds at most.
. "$(dirname "$0")/live.sh"
need_engine
start_server
runs=5
headers=/usr/include/linux
[ -z "$FULL" ] || headers=/usr/include

printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' >"$TMP/hello.c"

# "CALL EVENT": several calls may share an event, as pread64 and pread do.
tables=$HERE/../../format
awk -F'\t' '/^#/ { next }
	FILENAME ~ /events.tsv$/ { public[$1] = $3; next }
	$5 != "" { if (!($5 in ours)) ours[$5] = $1; print $1, $5 in public ? public[$5] : ours[$5] }' \
	"$tables/events.tsv" "$tables/syscalls.tsv" | sort -u >"$TMP/events"

# names_of_strace FILE: lines "EVENT N"; a call is counted where it begins.
names_of_strace() {
	sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$1" | grep -vE '^(exit|exit_group)$' |
		awk 'NR == FNR { event[$1] = $2; next }
		     { n[$1 in event ? event[$1] : $1]++ }
		     END { for (i in n) print i, n[i] }' "$TMP/events" - | sort
}

# one_round NAME COMMAND...: five more runs of strace, one capture.
one_round() {
	local name=$1 i
	shift
	for ((i = 0; i < runs; i++)); do
		setarch -R strace -f -o "$TMP/strace" "$@" >/dev/null 2>"$TMP/err" ||
			{ cat "$TMP/err"; wrong "$name: strace failed"; return 1; }
		names_of_strace "$TMP/strace" >"$(mktemp "$TMP/$name.strace.XXXXXX")"
	done
	setarch -R scapcap -w "$TMP/$name.scap" -- "$@" >/dev/null 2>"$TMP/err" ||
		{ cat "$TMP/err"; wrong "$name: scapcap failed"; return 1; }
	same "$name: lost" "$(lost "$TMP/$name.scap")" 0
	counts "$TMP/$name.scap" >"$TMP/$name.counts"
}

# outside NAME: lines of the names whose number is outside of what the runs of strace had.
outside() {
	awk '
		FILENAME ~ /counts$/ { ours[$1] = $2; all[$1] = 1; next }
		FNR == 1 { runs++ }
		{ all[$1] = 1; seen[$1]++
		  if (!($1 in min) || $2 < min[$1]) min[$1] = $2
		  if ($2 > max[$1]) max[$1] = $2 }
		END {
			for (n in all) {
				low = seen[n] == runs ? min[n] : 0
				if (ours[n] + 0 < low || ours[n] + 0 > max[n] + 0)
					printf "%s %d, strace %d to %d\n", n, ours[n], low, max[n]
			}
		}' "$TMP/$1.counts" "$TMP/$1".strace.*
}

# compare NAME COMMAND...
compare() {
	local name=$1 round bad=
	for round in 1 2; do
		one_round "$@" || return
		bad=$(outside "$name")
		[ -n "$bad" ] || break
		echo "$name, round $round: $bad"
	done
	[ -z "$bad" ] || wrong "$name: outside of strace's range: $bad"
	measured "$name: $(awk '{ n += $2 } END { print n + 0 }' "$TMP/$name.counts") calls," \
		"$(wc -l <"$TMP/$name.counts") names, within the range of $((runs * round)) runs of strace: $([ -z "$bad" ] && echo yes || echo no)"
}

compare cat /bin/cat /etc/passwd
compare ls /bin/ls -l /usr/bin
compare tar /bin/tar cf - $headers
compare python /usr/bin/python3 -c 'import json, subprocess; subprocess.run(["/bin/true"]); print(json.dumps([1]))'
compare curl /usr/bin/curl -s -o /dev/null "$url"
compare gcc /usr/bin/gcc -o "$TMP/hello" "$TMP/hello.c"
finish
