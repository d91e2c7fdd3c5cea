#!/usr/bin/env bash
# What a system call costs above the bare one: traced, filtered out in the kernel, and beside strace,
# perf trace, and programs that are attached but do nothing.
#
#	tests/bench/call_cost.sh BUILD-FOLDER [--smoke]
#
# Three passes over all of it, one after the other: the median of their medians, and the least of what they say of the
# rounds that nobody disturbed (call_cost.c). The program is pinned to one CPU, the tools run where they like: the
# cost of what happens inside the call, not of sharing a CPU. strace stands there both ways, once, for it is
# slow.
. "$(dirname "$0")/../live/live.sh"
need_engine
n=200 slow=2 passes=3
[ "${2-}" != --smoke ] || n=10 slow=1 passes=1
cost=$BUILD/tests/bench/call_cost
pin() { taskset -c 0 "$@"; }

# middle FILE...: of each call the median of all medians, and the least of the undisturbed rounds.
middle() {
	sort -k1,1 -k2,2n "$@" | awk '{ v[$1, ++n[$1]] = $2; if (!($1 in least) || $3 < least[$1]) least[$1] = $3 }
		END { for (call in n) { print call 2, v[call, int((n[call] + 1) / 2)]; print call 3, least[call] } }'
}

# row_above BASE NAME FILES: what they say, above the base.
row_above() {
	local base=$1 name=$2
	shift 2
	[ -s "$1" ] || { printf '%-42s %s\n' "$name" "did not run"; return; }
	middle "$@" | awk -v name="$name" -v base="$base" '
		BEGIN { while ((getline <base) > 0) bare[$1] = $2 }
		{ above[$1] = $2 - bare[$1] }
		END { printf "%-42s %8d %8d %8d  %8d %8d %8d\n", name, above["getppid2"], above["openat2"],
			above["read2"], above["getppid3"], above["openat3"], above["read3"] }'
}
row() { row_above "$TMP/bare" "$@"; }

# while_capturing OUT FILTER...: the program runs beside a capture with that filter.
while_capturing() {
	local out=$1
	shift
	start_capture "$TMP/g.scap" "$@" || return
	pin "$cost" $n >"$out"
	stop_capture || wrong "scapcap $*"
}

lost=0
for ((i = 1; i <= passes; i++)); do
	pin "$cost" $n >"$TMP/bare.$i"
	scapcap -w "$TMP/f.scap" -- taskset -c 0 "$cost" $n >"$TMP/traced.$i" 2>"$TMP/err" ||
		{ cat "$TMP/err"; wrong "scapcap failed"; }
	lost=$((lost + $(lost "$TMP/f.scap")))
	while_capturing "$TMP/unwanted.$i" 'proc.name=call_cost and evt.type in (connect, bind)'
	while_capturing "$TMP/excluded.$i" 'proc.name=curl and evt.type in (openat, connect)'
	"$BUILD/tests/bench/nothing" "$BUILD/tests/bench/nothing.bpf.o" taskset -c 0 "$cost" $n >"$TMP/empty.$i"
	! command -v bpftrace >/dev/null ||
		pin bpftrace -e 'tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }' -c "$cost $n" 2>&1 |
		grep -E '^(getppid|openat|read) [0-9]+ [0-9]+ [0-9]+$' >"$TMP/counting.$i"
	! command -v perf >/dev/null ||
		perf trace record -o "$TMP/perf" -- taskset -c 0 "$cost" $n >"$TMP/perf.$i" 2>"$TMP/err"
done
pin strace -f -o /dev/null "$cost" $slow >"$TMP/strace.same"
strace -f -o /dev/null taskset -c 0 "$cost" $slow >"$TMP/strace.other"

printf '%-42s %26s  %26s\n' 'ns per call' 'all rounds' 'undisturbed rounds'
printf '%-42s %8s %8s %8s  %8s %8s %8s\n' '' getppid openat read getppid openat read
middle "$TMP"/bare.* >"$TMP/bare"
row_above /dev/null "bare" "$TMP"/bare.*
echo "above the bare call:"
row "scapcap, everything recorded" "$TMP"/traced.*
row "scapcap, the program but not these calls" "$TMP"/unwanted.*
row "scapcap, another program" "$TMP"/excluded.*
row "two programs that do nothing" "$TMP"/empty.*
row "bpftrace, counting by call" "$TMP"/counting.*
row "perf trace record" "$TMP"/perf.[0-9]
row "strace -f, on the same CPU" "$TMP/strace.same"
row "strace -f, on another CPU" "$TMP/strace.other"
measured "cost above the bare call: getppid, openat, read, all rounds and undisturbed ones:" \
	"$(row '' "$TMP"/traced.* | tr -s ' ') ns traced, $(row '' "$TMP"/excluded.* | tr -s ' ') ns excluded," \
	"$(row '' "$TMP/strace.same" | tr -s ' ') ns strace; $lost lost"
finish
