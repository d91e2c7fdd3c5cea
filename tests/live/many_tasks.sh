#!/usr/bin/env bash
# Threads by the thousand, all alive at once, and then as many new ones: what is remembered of some finds its place in the
# table taken, and nobody's calls are taken for another's.
. "$(dirname "$0")/live.sh"
need_engine
n=2000
cat >"$TMP/threads.py" <<'PY'
import ctypes, sys, threading

n = int(sys.argv[1])
libc = ctypes.CDLL(None)

def work(i, barrier):
    libc.dup(1000000 + i)
    barrier.wait()
    libc.dup(2000000 + i)

threading.stack_size(64 << 10)
for first in 0, n:
    barrier = threading.Barrier(n)
    threads = [threading.Thread(target=work, args=(first + i, barrier)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
PY
scapcap -q -w "$TMP/f.scap" 'evt.type in (dup, procexit)' -- /usr/bin/python3 "$TMP/threads.py" "$n"
same "lost" "$(lost "$TMP/f.scap")" 0
scapread -r "$TMP/f.scap" -p '%thread.tid %fd.num' 'evt.type=dup and fd.num>=1000000' >"$TMP/dups"
measured "$(wc -l <"$TMP/dups") calls of $(cut -d' ' -f1 "$TMP/dups" | sort -u | wc -l) threads"
# Of each thread both of its calls, in their order, and no others.
same "threads with their two calls" "$(/usr/bin/python3 - "$TMP/dups" <<'PY'
import collections, sys
calls = collections.defaultdict(list)
for line in open(sys.argv[1]):
    tid, fd = line.split()
    calls[tid].append(int(fd))
print(sum(c[0::2] == [f - 1000000 for f in c[1::2]] and len(c) % 2 == 0 for c in calls.values()),
      sum(map(len, calls.values())))
PY
)" "$(cut -d' ' -f1 "$TMP/dups" | sort -u | wc -l) $((4 * n))"
same "exits" "$(count "$TMP/f.scap" 'evt.type=procexit and proc.name startswith python')" $((2 * n + 1))
finish
