#!/usr/bin/env bash
# 64 threads that fork, exec, signal and are killed, under each engine: nothing hangs, nobody stays behind, every
# exit is in the file, and all children end as they must.
. "$(dirname "$0")/live.sh"
seconds=4
[ -z "$FULL" ] || seconds=60
engines=(ptrace)
if [ "$(id -u)" = 0 ] && scapcap --engine=bpf -w "$TMP/probe.scap" -- /bin/true 2>"$TMP/probe"; then
	engines=(bpf ptrace)
else
	echo "not tried: the BPF engine: $(tail -1 "$TMP/probe" 2>/dev/null || echo needs root)"
fi
cp "$BUILD/tests/live/torture" "$TMP/torture-$$"

# nobody_left WHAT
nobody_left() {
	local i
	for ((i = 0; i < 100; i++)); do
		pgrep -x "torture-$$" >/dev/null || return 0
		sleep 0.02
	done
	wrong "$1: left behind: $(pgrep -a -x "torture-$$" | head -3)"
}

# run WHAT SCAPCAP-ARGUMENTS... -- : a whole run of the program under scapcap
run() {
	local what=$1 status low high exits
	shift
	timeout -k 5 $((seconds * 6 + 60)) scapcap -q -w "$TMP/t.scap" "$@" "$TMP/torture-$$" $seconds 64 >"$TMP/out" 2>"$TMP/err"
	status=$?
	cat "$TMP/err"
	same "$what: status" $status 7
	same "$what: wrong ends of children" "$(sed -n 's/^wrong //p' "$TMP/out")" 0
	nobody_left "$what"
	scapinfo --verify "$TMP/t.scap" >"$TMP/verify" 2>&1 || { cat "$TMP/verify"; wrong "$what: verify"; }
	read -r low high < <(sed -n 's/^tasks //p' "$TMP/out")
	exits=$(count "$TMP/t.scap" evt.type=procexit)
	measured "$what: $(sed -n 's/^rounds //p' "$TMP/out") rounds in $seconds s, ${low:-?} to ${high:-?} tasks, $exits ends recorded"
	at_least "$what: ends" "$exits" "${low:-1}"
	at_most "$what: ends" "$exits" "${high:-0}"
}

for engine in "${engines[@]}"; do
	run "$engine" --engine="$engine" --
done
# few calls stop: the ends are what is asked for
run "ptrace with a filter" --engine=ptrace evt.type=procexit --

# Taken hold of and let go again and again, in the middle of it all.
"$TMP/torture-$$" $((seconds + 2)) 64 >"$TMP/out" 2>"$TMP/err" &
torture=$!
sleep 0.5
n=0
until=$((SECONDS + seconds - 1))
while [ $SECONDS -lt $until ]; do
	timeout -k 5 60 scapcap --engine=ptrace -q -M 1 -w "$TMP/p.scap" -p $torture || { wrong "-p: status $?"; break; }
	scapinfo --verify "$TMP/p.scap" >"$TMP/verify" 2>&1 || { cat "$TMP/verify"; wrong "-p: verify"; }
	n=$((n + 1))
done
wait $torture
same "-p: status of what was traced" $? 7
same "-p: wrong ends of children" "$(sed -n 's/^wrong //p' "$TMP/out")" 0
nobody_left "-p"
measured "attached and let go $n times: $(sed -n 's/^rounds //p' "$TMP/out") rounds, all children ended as they must"
finish
