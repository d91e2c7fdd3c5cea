#!/usr/bin/env bash
# Who watches a program sees the call it waits in, as with strace: its line is begun, and ended when the call ends or
# something else comes between. By both engines.
. "$(dirname "$0")/live.sh"
need_engine

wait_for() {	# wait_for TEXT FILE: at its end, without a newline
	local i
	for ((i = 0; i < 200; i++)); do
		[ "$(tail -c ${#1} "$2")" != "$1" ] || return 0
		sleep 0.05
	done
	wrong "no '$1' at the end of $2: $(cat "$2")"
}

threads='import os, threading
r, w = os.pipe()
t = threading.Thread(target=os.read, args=(r, 1))
t.start()
input()
os.write(w, b"x")
t.join()'

mkfifo "$TMP/in"
for engine in bpf ptrace; do
	scapcap --engine=$engine -q '--strace=-e trace=read' -- cat <"$TMP/in" >"$TMP/out" 2>"$TMP/lines" &
	children+=($!)
	exec 3>"$TMP/in"
	wait_for 'read(0, ' "$TMP/lines"
	echo hello >&3
	exec 3>&-
	wait $!
	same "$engine: what was printed while it waited and after" \
		"$(grep -c '^read(0, "hello\\n", [0-9]*) *= 6$' "$TMP/lines")" 1

	scapcap --engine=$engine -q '--strace=-f -e trace=read,write' -- /usr/bin/python3 -c "$threads" \
		<"$TMP/in" 2>"$TMP/lines" &
	children+=($!)
	exec 3>"$TMP/in"
	for ((i = 0; i < 200; i++)); do
		[ "$(grep -cE 'read\([03],  <unfinished \.\.\.>$' "$TMP/lines")" = 0 ] || break
		sleep 0.05
	done
	echo go >&3
	exec 3>&-
	wait $!
	# two calls waited at once: the first was left for the second, and the second for a write
	same "$engine: lines left" "$(grep -c ' <unfinished \.\.\.>$' "$TMP/lines")" 2
	same "$engine: lines gone on with" "$(grep -cE '<\.\.\. read resumed>"(x|go\\n)", [0-9]+\) *= [13]$' "$TMP/lines")" 2
	grep -qE '^\[pid +[0-9]+\] write\([0-9]+, "x", 1\) *= 1$' "$TMP/lines" || wrong "$engine: no write: $(cat "$TMP/lines")"

	# the last word is still said
	scapcap --engine=$engine -q '--strace=-e trace=clock_nanosleep' -- sleep 20 2>"$TMP/lines" &
	pid=$!
	children+=("$pid")
	for ((i = 0; i < 200; i++)); do ! grep -q nanosleep "$TMP/lines" || break; sleep 0.05; done
	pkill -TERM -P "$pid" sleep
	wait "$pid"
	grep -qE '^clock_nanosleep\(CLOCK_REALTIME, 0, \{tv_sec=20, tv_nsec=0\}, 0x[0-9a-f]+\) *= \?' "$TMP/lines" || wrong "$engine: killed: $(cat "$TMP/lines")"
	same "$engine: lines of it" "$(grep -c nanosleep "$TMP/lines")" 1
done
finish
