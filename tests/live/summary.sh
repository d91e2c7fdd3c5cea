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

same_table cat /bin/cat /etc/passwd
same_table ls /bin/ls -l /usr/bin
same_table cp /bin/cp /etc/passwd "$TMP/copy"
same_table tar /bin/tar cf "$TMP/x.tar" -C /etc passwd group hosts
same_table python /usr/bin/python3 -c 'import json, subprocess; subprocess.run(["/bin/true"]); print(json.dumps([1]))'
same_table bash /bin/bash -c 'ls /nonexistent; echo one two | cat | wc -l; exit 0'
# The child is in no call when it is killed: of one that SIGKILL ends strace never sees the end, and does not
# count it; the kernel does, with ERESTARTNOHAND and its like.
cat >"$TMP/killed.py" <<'PY'
import os, signal, time
ready, tell = os.pipe()
child = os.fork()
if not child:
    os.write(tell, b"x")
    while True:
        pass
os.read(ready, 1)
time.sleep(0.2)
os.kill(child, signal.SIGKILL)
os.wait()
PY
same_table killed /usr/bin/python3 "$TMP/killed.py"
finish
