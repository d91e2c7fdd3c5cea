#!/usr/bin/env bash
# kill -9 at random moments: each file reads up to half a second before the death, and is repaired.
. "$(dirname "$0")/live.sh"
need_engine
n=6
[ -z "$FULL" ] || n=20

# A program that calls write with the time every millisecond.
cat >"$TMP/ticker" <<'PY'
import os, time
out = os.open("/dev/null", os.O_WRONLY)
while True:
    os.write(out, b"%d" % time.time_ns())
    time.sleep(0.001)
PY
ln -s /usr/bin/python3 "$TMP/ticker-exe"
"$TMP/ticker-exe" "$TMP/ticker" &
ticker=$!
children+=("$ticker")
name="ticker-exe"
until grep -q $name /proc/$ticker/comm; do sleep 0.01; done

worst=0
for ((i = 0; i < n; i++)); do
	f=$TMP/$i.scap
	start_capture "$f" "proc.name=$name" || break
	began=$(date +%s%N)
	sleep "$(awk -v r=$RANDOM 'BEGIN { printf "%.3f", 0.2 + r / 32768 * 1.5 }')"
	death=$(date +%s%N)
	kill -9 "$capture"
	wait "$capture" 2>/dev/null
	scapread -r "$f" -p '%evt.rawtime' >"$TMP/times" 2>"$TMP/err"
	last=$(tail -1 "$TMP/times")
	[ -n "$last" ] || last=$began	# killed before the first block was due
	behind=$(((death - last) / 1000000))
	[ $behind -le $worst ] || worst=$behind
	at_most "file $i: ms before the death that are missing" $behind 500
	scapedit --repair "$f" "$TMP/$i.whole.scap" 2>"$TMP/err" || { cat "$TMP/err"; wrong "file $i: repair"; }
	scapinfo --verify "$TMP/$i.whole.scap" >"$TMP/out" 2>&1 || { cat "$TMP/out"; wrong "file $i: verify"; }
	same "file $i: events after repair" "$(count "$TMP/$i.whole.scap")" "$(wc -l <"$TMP/times")"
done
measured "kill -9 at $n random moments: at most $worst ms missing, every file repaired"
kill $ticker
finish
