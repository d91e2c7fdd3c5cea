#!/usr/bin/env bash
# What a system call costs above the bare one: traced, filtered out in the kernel, and beside strace,
# perf trace, and programs that are attached but do nothing.
#
#	tests/bench/call_cost.sh BUILD-FOLDER [--smoke]
#
# Medians of 15 rounds of each. Everything runs pinned to one CPU; scapcap's own threads run where they like.
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

pin scapcap -w "$TMP/f.scap" -- "$cost" $n >"$TMP/traced" 2>"$TMP/err" || { cat "$TMP/err"; wrong "scapcap failed"; }
row "scapcap, everything recorded" "$TMP/traced"
lost=$(lost "$TMP/f.scap")
if start_capture "$TMP/g.scap" proc.name=nobody-has-this; then
	pin "$cost" $n >"$TMP/excluded"
	stop_capture || wrong "scapcap proc.name=..."
	row "scapcap, another program wanted" "$TMP/excluded"
fi
if command -v bpftrace >/dev/null; then
	bpftrace -e 'rawtracepoint:sys_enter { } rawtracepoint:sys_exit { } BEGIN { printf("capturing\n"); }' \
		>"$TMP/bpftrace" 2>&1 &
	children+=($!)
	other=$!
	for ((i = 0; i < 200; i++)); do
		! grep -q capturing "$TMP/bpftrace" || break
		sleep 0.05
	done
	pin "$cost" $n >"$TMP/empty"
	kill -INT $other
	wait $other
	row "two empty programs (bpftrace)" "$TMP/empty"
	pin bpftrace -e 'tracepoint:raw_syscalls:sys_enter { @[args->id] = count(); }' -c "$cost $n" \
		>"$TMP/counting.all" 2>&1
	grep -E '^(getppid|openat|read) [0-9]+$' "$TMP/counting.all" >"$TMP/counting"
	row "bpftrace, counting by call" "$TMP/counting"
fi
if command -v perf >/dev/null && pin perf trace record -o "$TMP/perf" -- "$cost" $n >"$TMP/perftrace" 2>"$TMP/err"; then
	row "perf trace record" "$TMP/perftrace"
fi
pin strace -f -o /dev/null "$cost" $slow >"$TMP/strace"
row "strace -f" "$TMP/strace"
measured "cost above the bare call: getppid, openat, read: $(row '' "$TMP/traced" | tr -s ' ') ns traced," \
	"$(row '' "$TMP/excluded" | tr -s ' ') ns excluded, $(row '' "$TMP/strace" | tr -s ' ') ns strace; $lost lost"
finish
