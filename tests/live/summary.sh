#!/usr/bin/env bash
# scapread -c says of calls and errors what strace -c says: one of up to five captures of a program has
# the very table of one of as many runs of strace. (Programs differ from run to run: a temporary name that is
# taken, a wait that finds its child gone already.)
. "$(dirname "$0")/live.sh"
need_engine
rounds=5

# same_table NAME COMMAND...
same_table() {
	local name=$1 round same=
	shift
	for ((round = 1; round <= rounds; round++)); do
		setarch -R strace -f -c -o "$TMP/$name.strace.$round" -U name,calls,errors -S name \
			"$@" >/dev/null 2>"$TMP/err" </dev/null ||
			{ cat "$TMP/err"; wrong "$name: strace failed"; return; }
		setarch -R scapcap -q -w "$TMP/$name.scap" -- "$@" >/dev/null 2>"$TMP/err" </dev/null ||
			{ cat "$TMP/err"; wrong "$name: scapcap failed"; return; }
		scapread -r "$TMP/$name.scap" -c -U name,calls,errors -S name >"$TMP/$name.ours.$round"
		for one in "$TMP/$name".strace.*; do
			for other in "$TMP/$name".ours.*; do
				! cmp -s "$one" "$other" || same=$other
			done
		done
		[ -z "$same" ] || break
	done
	if [ -z "$same" ]; then
		diff "$TMP/$name.strace.$rounds" "$TMP/$name.ours.$rounds"
		wrong "$name: none of $rounds tables is strace's"
		return
	fi
	measured "$name: $(tail -n 1 "$same" | awk '{ print $2 " calls, " $3 + 0 " errors" }')," \
		"as strace -c has them, round $round"
}

# (strace_counts.sh has more programs.)
same_table bash /bin/bash -c 'ls /nonexistent; echo one two | cat | wc -l; exit 0'
# One is killed in no call, one in a call: of that strace never sees the end, and does not count it; the kernel says
# ERESTARTNOHAND or its like of it.
for where in 'while True: pass' 'signal.pause()'; do
	cat >"$TMP/killed.py" <<-PY
		import os, signal, time
		ready, tell = os.pipe()
		child = os.fork()
		if not child:
		    os.write(tell, b"x")
		    $where
		os.read(ready, 1)
		time.sleep(0.2)
		os.kill(child, signal.SIGKILL)
		os.wait()
	PY
	same_table "killed in ${where##* }" /usr/bin/python3 "$TMP/killed.py"
done
# The table beside a file is that of the file, and the file is whole.
for engine in bpf ptrace; do
	scapcap -q --engine=$engine -c -U name,calls,errors -S name -w "$TMP/both.scap" -- /bin/ls -l /etc >/dev/null 2>"$TMP/both"
	scapread -r "$TMP/both.scap" -c -U name,calls,errors -S name >"$TMP/of.file"
	cmp "$TMP/both" "$TMP/of.file" || wrong "-c with -w, $engine: another table than that of the file"
	scapinfo --verify "$TMP/both.scap" >/dev/null || wrong "-c with -w, $engine: verify"
	scapcap -q --engine=$engine --strace='-f -e trace=execve,%file' -w "$TMP/both.scap" -- /bin/ls -l /etc >/dev/null 2>"$TMP/both"
	scapread -r "$TMP/both.scap" --strace='-e trace=execve,%file' >"$TMP/of.file"
	cmp "$TMP/both" "$TMP/of.file" || wrong "--strace with -w, $engine: other lines than those of the file"
done
finish
