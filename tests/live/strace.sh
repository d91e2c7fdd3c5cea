#!/usr/bin/env bash
# As many calls of each name as strace -f sees: within the range of five runs of strace.
. "$(dirname "$0")/live.sh"
need_engine
start_server
runs=5

cat >"$TMP/hello.c" <<'C'
#include <stdio.h>
int main(void) { puts("hello"); return 0; }
C
/bin/cp "$(command -v curl)" "$TMP/curl-warm" && "$TMP/curl-warm" -s -o /dev/null "$url"

# names_of_strace FILE: lines "NAME N"; a call is counted where it begins.
names_of_strace() {
	sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' "$1" | grep -vE '^(exit|exit_group)$' |
		sort | uniq -c | awk '{ print $2, $1 }'
}

# compare NAME COMMAND...
compare() {
	local name=$1 i more
	shift
	for ((i = 0; i < runs; i++)); do
		setarch -R strace -f -o "$TMP/strace" "$@" >/dev/null 2>"$TMP/err" ||
			{ cat "$TMP/err"; wrong "$name: strace failed"; return; }
		names_of_strace "$TMP/strace" >"$TMP/$name.strace.$i"
	done
	setarch -R scapcap -w "$TMP/$name.scap" -- "$@" >/dev/null 2>"$TMP/err" ||
		{ cat "$TMP/err"; wrong "$name: scapcap failed"; return; }
	same "$name: lost" "$(lost "$TMP/$name.scap")" 0
	counts "$TMP/$name.scap" >"$TMP/$name.counts"
	more=$(awk -v what="$name" '
		FILENAME ~ /counts$/ { ours[$1] = $2; all[$1] = 1; total += $2; next }
		{ all[$1] = 1; seen[$1]++
		  if (!($1 in min) || $2 < min[$1]) min[$1] = $2
		  if ($2 > max[$1]) max[$1] = $2 }
		END {
			for (n in all) {
				low = seen[n] == '$runs' ? min[n] : 0
				names++
				if (ours[n] + 0 < low || ours[n] + 0 > max[n] + 0) {
					printf "WRONG: %s: %s: %d, strace %d to %d\n", what, n, ours[n], low, max[n]
					wrong++
				}
			}
			printf "measured - %s: %d calls, %d names, %d outside of strace'"'"'s range\n",
				what, total, names, wrong
		}' "$TMP/$name.counts" "$TMP/$name".strace.*)
	echo "$more"
	n_wrong=$((n_wrong + $(grep -c '^WRONG' <<<"$more")))
}

compare cat /bin/cat /etc/passwd
compare ls /bin/ls -l /usr/bin
compare tar /bin/tar cf - /usr/include
compare python /usr/bin/python3 -c 'import json, threading; t = threading.Thread(target=print); t.start(); t.join()'
compare curl /usr/bin/curl -s -o /dev/null "$url"
compare gcc /usr/bin/gcc -o "$TMP/hello" "$TMP/hello.c"
finish
