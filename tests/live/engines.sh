#!/usr/bin/env bash
# Both engines record the same, but for what ptrace is not told (ptrace_unknown.tsv).
#
# First known calls, native and 32-bit, parameter by parameter against what the program says it did (calls.sh
# does this for BPF); then programs under both engines, event by event against each other.
. "$(dirname "$0")/live.sh"
need_engine
start_server
programs=("$BUILD/tests/live/calls")
narrow=(gcc -m32 "-I/usr/include/$(gcc -print-multiarch)" -D_GNU_SOURCE -std=gnu17 -O1)
if [ ! -x "${programs[0]}" ]; then
	echo "not tried: the known calls, which are written for x86_64"
	programs=()
elif echo 'int main(void) { return 0; }' | "${narrow[@]}" -x c -o "$TMP/narrow" - 2>"$TMP/err" && "$TMP/narrow"; then
	"${narrow[@]}" -o "$TMP/calls32" "$HERE"/calls*.c || wrong "the 32-bit calls do not compile"
	programs+=("$TMP/calls32")
else
	echo "not tried: 32-bit programs: $(tail -1 "$TMP/err") (libc6-dev-i386 and lib32gcc-12-dev are needed)"
fi

for program in "${programs[@]}"; do
	for snaplen in 80 0 65000; do
		mkdir -p "$TMP/$snaplen"
		/usr/bin/python3 "$HERE/calls.py" "$program" $snaplen "$TMP/$snaplen" "$TMP/seen" ptrace \
			"$HERE/ptrace_unknown.tsv" || n_wrong=$((n_wrong + 1))
		rm -rf --one-file-system "${TMP:?}/$snaplen"
	done
done

# compare NAME COMMAND...: what a run may do a little differently gets five more rounds
compare() {
	local name=$1 engine round structures=()
	shift
	[ "$1" != --structures ] || { structures=("$1") && shift; }
	for round in 1 2 3 4 5 6; do
		for engine in bpf ptrace; do
			setarch -R scapcap -q "${structures[@]}" --engine=$engine -w "$TMP/$engine.scap" -- "$@" >/dev/null 2>"$TMP/err" ||
				{ cat "$TMP/err"; wrong "$name: the $engine engine failed"; return 1; }
		done
		/usr/bin/python3 "$HERE/engines.py" "$TMP/bpf.scap" "$TMP/ptrace.scap" "$HERE/ptrace_unknown.tsv" \
			"$HERE/engines_differ.tsv" >"$TMP/out" && break
	done
	echo "$name, round $round: $(cat "$TMP/out")"
	! grep -q '^WRONG' "$TMP/out" || wrong "$name: the engines differ"
}

cd "$TMP" || exit 1
printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' >hello.c
compare cat /bin/cat /etc/passwd
compare ls /bin/ls -l /usr/bin
compare tar /bin/tar cf /dev/null --absolute-names /usr/include/linux
compare gcc /usr/bin/gcc -o hello hello.c
# One child at a time: which of several ends first is chance.
compare shell /bin/bash -c 'for i in 1 2; do ls /usr >list; sort list >sorted; wc -l <sorted; done; (exit 3); cd /; trap : USR1; kill -USR1 $$; exit 0'
compare python /usr/bin/python3 -c '
import json, subprocess
subprocess.run(["/bin/true"])'
for words in 'ls -l /usr/bin' 'bash -c "ls /usr >list; sort list >sorted; (exit 3); true"' 'tar cf /dev/null --absolute-names /usr/include/linux'; do
	eval "compare 'structures of ${words%% *}' --structures $words"
	scapread -r bpf.scap -j | grep -q '"statbuf":{"st_dev"' || wrong "$words: no structure is there"
done
# Beside a capture without them; and for others, who do not know them.
if ! { scapcap -q -w plain.scap -- /bin/true && scapedit plain.scap bpf.scap both.scap && scapinfo --verify both.scap >out; }; then
	wrong "captures with and without structures: $(cat out)"
fi
for one in plain bpf both; do scapread -r $one.scap -j | grep -c '"memory":{' >$one.n; done
[ "$(cat both.n)" = "$(cat bpf.n)" ] || wrong "merged: $(cat both.n) events with memory of $(cat bpf.n)"
scapread -r bpf.scap -F scap -w genuine.scap
! scapread -r genuine.scap -j | grep -q '"memory"' || wrong "a genuine capture has memory"
[ "$(scapread -r genuine.scap | wc -l)" = "$(scapread -r bpf.scap | wc -l)" ] || wrong "a genuine capture has other events"
compare curl /usr/bin/curl -s -o /dev/null "$url"
finish
