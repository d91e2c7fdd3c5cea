#!/usr/bin/env bash
# What a system call costs above the bare one: traced, filtered out in the kernel, and beside strace,
# perf trace, and programs that are attached but do nothing.
#
#	tests/bench/call_cost.sh BUILD-FOLDER [--smoke]
#
# Three passes over all of it, one after the other, and of each the median; in each pass the median of 15
# rounds. The program is pinned to one CPU, the tools run where they like: the cost of what happens inside
# the call, not of sharing a CPU. strace stands there both ways, once, for it is slow.
. "$(dirname "$0")/../live/live.sh"
need_engine
n=40000 slow=1000 passes=3
[ "${2-}" != --smoke ] || n=2000 slow=50 passes=1
cost=$BUILD/tests/bench/call_cost
pin() { taskset -c 0 "$@"; }

# middle FILE...: of each call the median of its lines.
middle() {
	sort -k1,1 -k2,2n "$@" | awk '{ v[$1, ++n[$1]] = $2 }
		END { for (call in n) print call, v[call, int((n[call] + 1) / 2)] }'
}

# row NAME FILES: what they say, above the bare call.
row() {
	local name=$1
	shift
	[ -s "$1" ] || { printf '%-42s %s\n' "$name" "did not run"; return; }
	awk -v name="$name" 'NR == FNR { bare[$1] = $2; next }
		{ above[$1] = $2 - bare[$1] }
		END { printf "%-42s %8d %8d %8d\n", name, above["getppid"], above["openat"], above["read"] }' \
		<(middle "$TMP"/bare.*) <(middle "$@")
}

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
		grep -E '^(getppid|openat|read) [0-9]+$' >"$TMP/counting.$i"
	! command -v perf >/dev/null ||
		perf trace record -o "$TMP/perf" -- taskset -c 0 "$cost" $n >"$TMP/perf.$i" 2>"$TMP/err"
done
pin strace -f -o /dev/null "$cost" $slow >"$TMP/strace.same"
strace -f -o /dev/null taskset -c 0 "$cost" $slow >"$TMP/strace.other"

printf '%-42s %8s %8s %8s\n' 'ns per call' getppid openat read
middle "$TMP"/bare.* | awk '{ v[$1] = $2 }
	END { printf "%-42s %8d %8d %8d\n", "bare", v["getppid"], v["openat"], v["read"] }'
echo "above the bare call:"
row "scapcap, everything recorded" "$TMP"/traced.*
row "scapcap, the program but not these calls" "$TMP"/unwanted.*
row "scapcap, another program" "$TMP"/excluded.*
row "two programs that do nothing" "$TMP"/empty.*
row "bpftrace, counting by call" "$TMP"/counting.*
row "perf trace record" "$TMP"/perf.[0-9]
row "strace -f, on the same CPU" "$TMP/strace.same"
row "strace -f, on another CPU" "$TMP/strace.other"
measured "cost above the bare call: getppid, openat, read: $(row '' "$TMP"/traced.* | tr -s ' ') ns traced," \
	"$(row '' "$TMP"/excluded.* | tr -s ' ') ns excluded, $(row '' "$TMP/strace.same" | tr -s ' ') ns strace; $lost lost"
finish
