#!/usr/bin/env bash
# Commands that live for a millisecond: every file has their execve and their exit.
. "$(dirname "$0")/live.sh"
need_engine
n=50
[ -z "$FULL" ] || n=200

without_execve=0 without_exit=0 lost=0 start=$(date +%s%N)
for ((i = 0; i < n; i++)); do
	scapcap -w "$TMP/f.scap" -- /bin/true 2>"$TMP/err" || { cat "$TMP/err"; wrong "run $i failed"; break; }
	scapread -r "$TMP/f.scap" >"$TMP/lines"
	grep -q ' execve .*/bin/true' "$TMP/lines" || without_execve=$((without_execve + 1))
	grep -qE ' (procexit) ' "$TMP/lines" || without_exit=$((without_exit + 1))
	[ $((i % 20)) != 0 ] || lost=$((lost + $(lost "$TMP/f.scap")))
done
measured "$n x scapcap -- /bin/true: $without_execve without execve, $without_exit without exit, $((($(date +%s%N) - start) / n / 1000000)) ms each"
same "files without execve" $without_execve 0
same "files without exit" $without_exit 0
same "lost" "$lost" 0
finish
