#!/usr/bin/env bash
# scapread -c has the calls and errors of strace -c -f, on the twelve programs and under both engines.
#
# A program that does the same in each run must have the very table of one of strace's runs. What is chance (how
# often is waited, which thread is first) is listed with its reason in strace_counts.tsv: only there a row may lie
# outside of what strace's runs had, and the rest of the table must agree.
. "$(dirname "$0")/live.sh"
. "$(dirname "$0")/strace_programs.sh"
need_engine
programs=${ONLY:-$all_programs}
read -r -a engines <<<"${ENGINES:-bpf ptrace}"
rounds=4

for name in $programs; do
	for ((round = 1; round <= rounds; round++)); do
		in_work "$name" strace -f -c -U name,calls,errors -S name -o "$TMP/$name.strace.$round" || continue
		for engine in "${engines[@]}"; do
			in_work "$name" scapcap --engine="$engine" -q -w "$TMP/$name.scap" -- || continue
			scapread -r "$TMP/$name.scap" -c -U name,calls,errors -S name >"$TMP/$name.$engine.$round"
		done
		wrong=
		for engine in "${engines[@]}"; do
			/usr/bin/python3 "$HERE/strace_counts.py" "$name" "$engine" "$HERE/strace_counts.tsv" "$TMP" \
				>"$TMP/$name.$engine.out" || wrong=yes
		done
		[ -n "$wrong" ] || break
	done
	for engine in "${engines[@]}"; do cat "$TMP/$name.$engine.out"; done
	[ -z "$wrong" ] || wrong "$name: the tables differ"
done
finish
