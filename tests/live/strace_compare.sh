#!/usr/bin/env bash
# Twelve programs line by line against strace -f, under both engines.
#
# Fails below the share of equal lines that strace_shares.tsv says for a program, in each of up to three runs: how often
# threads wait for each other is chance. With UPDATE=yes the shares and the report (strace_report.md) are written anew,
# from one run. ONLY="ls cp" tries only these, ENGINES=ptrace only that.
. "$(dirname "$0")/live.sh"
. "$(dirname "$0")/strace_programs.sh"
need_engine
programs=${ONLY:-$all_programs}
read -r -a engines <<<"${ENGINES:-bpf ptrace}"
strace --version | head -1 | grep -q 'version 6\.1$' ||
	echo "measured - compared with $(strace --version | head -1), not 6.1: other versions print some calls otherwise"

# one_run NAME ENGINE
one_run() {
	local name=$1 engine=$2
	in_work "$name" scapcap --engine="$engine" -q --structures --env -s 1000 -w "$TMP/$name.$engine.scap" -- || return
	scapread -r "$TMP/$name.$engine.scap" --strace='-f' >"$TMP/$name.$engine.txt" ||
		wrong "$name, $engine: scapread"
	/usr/bin/python3 "$HERE/strace_compare.py" compare "$name" "$engine" "$TMP/$name".strace.[12] \
		"$TMP/$name.$engine.txt" >"$TMP/$name.$engine.json"
}

# lines NAME: strace twice (the second is compared with the first: chance), each engine
lines() {
	local name=$1 engine run
	for run in 1 2; do
		in_work "$name" strace -f -o "$TMP/$name.strace.$run" || return
	done
	/usr/bin/python3 "$HERE/strace_compare.py" compare "$name" strace "$TMP/$name.strace.1" "$TMP/$name.strace.2" \
		>"$TMP/$name.strace.json"
	for engine in "${engines[@]}"; do
		for run in 1 2 3; do
			one_run "$name" "$engine" || return
			[ -z "${UPDATE-}" ] || break
			! /usr/bin/python3 "$HERE/strace_compare.py" reaches "$HERE/strace_shares.tsv" "$TMP/$name.$engine.json" || break
		done
	done
}

for name in $programs; do lines "$name"; done
/usr/bin/python3 "$HERE/strace_compare.py" report ${UPDATE:+--update} "$HERE/strace_shares.tsv" "$HERE/strace_report.md" \
	"$TMP"/*.json || n_wrong=$((n_wrong + 1))
[ -z "${KEEP-}" ] || cp "$TMP"/*.strace.[12] "$TMP"/*.txt "$TMP"/*.scap "$TMP"/*.json "$KEEP"
finish
