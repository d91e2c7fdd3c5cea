#!/usr/bin/env bash
# What a system call costs above the bare one: traced, filtered out in the kernel, and beside strace,
# perf trace, and programs that are attached but do nothing.
#
#	tests/bench/call_cost.sh BUILD-FOLDER [--smoke]
#
# Medians of 15 rounds of each. The program is pinned to one CPU, the tools run where they like: the
# cost of what happens inside the call, not of sharing a CPU. strace stands there both ways.
. "$(dirname "$0")/../live/live.sh"
need_engine
n=100000 slow=1000
[ "${2-}" != --smoke ] || n=2000 slow=50
cost=$BUILD/tests/bench/call_cost
pin() { taskset -c 0 "$@"; }

# row NAME FILE: what FILE says, above the bare call.
row() {
	[ -s "$2" ] || { printf '%-34s %s\n' "$1" "did not run"; return; }
	awk -v name="$1" 'NR == FNR { bare[$1] = $2; next }
		{ above[$1] = $2 - bare[$1] }
		END { printf "%-34s %10d %10d %10d\n", name, above["getppid"], above["openat"], above["read"] }' \
		"$TMP/bare" "$2"
}
pin "$cost" $n >"$TMP/bare"
printf '%-34s %10s %10s %10s\n' 'ns per call' getppid openat read
awk '{ v[$1] = $2 } END { printf "%-34s %10d %10d %10d\n", "bare", v["getppid"], v["openat"], v["read"] }' "$TMP/bare"
echo "above the bare call:"

scapcap -w "$TMP/f.scap" -- taskset -c 0 "$cost" $n >"$TMP/traced" 2>"$TMP/err" || { cat "$TMP/err"; wrong "scapcap failed"; }
row "scapcap, everything recorded" "$TMP/traced"
lost=$(lost "$TMP/f.scap")
if start_capture "$TMP/g.scap" proc.name=nobody-has-this; then
	pin "$cost" $n >"$TMP/excluded"
	stop_capture || wrong "scapcap proc.name=..."
	row "scapcap, another program wanted" "$TMP/excluded"
fi
"$BUILD/tests/bench/nothing" "$BUILD/tests/bench/nothing.bpf.o" taskset -c 0 "$cost" $n >"$TMP/empty"
row "two programs that do nothing" "$TMP/empty"
if command -v bpftrace >/dev/null; then
	pin bpftrace -e 'tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }' -c "$cost $n" \
		>"$TMP/counting.all" 2>&1
	grep -E '^(getppid|openat|read) [0-9]+$' "$TMP/counting.all" >"$TMP/counting"
	row "bpftrace, counting by call" "$TMP/counting"
fi
if command -v perf >/dev/null &&
	perf trace record -o "$TMP/perf" -- taskset -c 0 "$cost" $n >"$TMP/perftrace" 2>"$TMP/err"; then
	row "perf trace record" "$TMP/perftrace"
fi
pin strace -f -o /dev/null "$cost" $slow >"$TMP/strace"
row "strace -f, on the same CPU" "$TMP/strace"
strace -f -o /dev/null taskset -c 0 "$cost" $slow >"$TMP/strace2"
row "strace -f, on another CPU" "$TMP/strace2"
measured "cost above the bare call: getppid, openat, read: $(row '' "$TMP/traced" | tr -s ' ') ns traced," \
	"$(row '' "$TMP/excluded" | tr -s ' ') ns excluded, $(row '' "$TMP/strace" | tr -s ' ') ns strace; $lost lost"
finish
