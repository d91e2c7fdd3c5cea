#!/usr/bin/env bash
# A flood: events and counted loss are the calls made, exactly; by default nothing is lost; the
# process and fd tables are right whatever was lost; memory is bounded.
. "$(dirname "$0")/live.sh"
need_engine
n=300000
[ -z "$FULL" ] || n=3000000

# What a dd makes beside its reads and writes, from two short ones.
calls_of_dd() {
	strace -f -o "$TMP/strace" dd if=/dev/zero of=/dev/null bs=1 "count=$1" 2>/dev/null
	grep -cE '^[0-9]+ +[a-z_0-9]+\(' "$TMP/strace"
}
a=$(calls_of_dd 1000)
b=$(calls_of_dd 2000)
same "calls of a thousand more blocks" $((b - a)) 2000
fixed=$((a - 2000))
made=$((fixed + 2 * n))

# calls FILE: records that are calls of dd.
calls() { scapread -r "$1" -p '%syscall.type' 'proc.name=dd and evt.type!=procexit' | grep -cv '^<NA>$'; }

# capture_dd FILE ARGUMENT...: the peak memory of scapcap and dd together, in KiB.
capture_dd() {
	/usr/bin/python3 - "$@" <<'PY'
import resource, subprocess, sys, time
start = time.monotonic()
run = subprocess.run(["scapcap", "-w", *sys.argv[1:]], stderr=subprocess.PIPE, text=True)
took = time.monotonic() - start
if run.returncode:
    sys.exit(run.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, "%.2f" % took)
PY
}

read -r peak took < <(capture_dd "$TMP/f.scap" -- dd if=/dev/zero of=/dev/null bs=1 "count=$n")
events=$(calls "$TMP/f.scap")
lost=$(lost "$TMP/f.scap")
measured "flood of $n blocks: $made calls made, $events recorded, $lost lost, ${took:-?} s, peak ${peak:-?} KiB"
same "recorded + lost" $((events + lost)) "$made"
same "lost with default settings" "$lost" 0
same "reads of /dev/zero" "$(count "$TMP/f.scap" 'evt.type=read and fd.name=/dev/zero')" "$n"
at_most "peak memory (KiB)" "${peak:-999999999}" 262144

# A small buffer: losses are certain; the sum and the tables must hold all the same.
cat >"$TMP/flood" <<'SH'
dd if=/dev/zero of=/dev/null bs=1 count=$1 2>/dev/null
exec 7</etc/hosts
cat <&7 >/dev/null
cat /etc/passwd >/dev/null
SH
# What is lost may be the shell's, whose wait returns into full buffers: its calls and those of the
# cats are counted in a run without the flood.
calls_of_all() { scapread -r "$1" -p '%syscall.type' 'evt.type!=procexit' 2>/dev/null | grep -cv '^<NA>$'; }
scapcap -q -w "$TMP/few.scap" -- /bin/sh "$TMP/flood" 1000
same "lost with few calls" "$(lost "$TMP/few.scap")" 0
beside=$(($(calls_of_all "$TMP/few.scap") - $(calls "$TMP/few.scap")))
read -r peak took < <(capture_dd "$TMP/g.scap" --buffer 128k -- /bin/sh "$TMP/flood" "$n")
events=$(calls_of_all "$TMP/g.scap")
lost=$(lost "$TMP/g.scap")
measured "the same through a buffer of 128 KiB: $events recorded, $lost lost, peak ${peak:-?} KiB"
# dd inherits a shell here: its fork's return is the shell's, its execve is its own.
same "recorded + lost, small buffer" $((events + lost)) $((made + beside))
same "execve of dd and two cats" "$(count "$TMP/g.scap" 'evt.type=execve and evt.failed=false')" 4
same "exits" "$(count "$TMP/g.scap" 'evt.type=procexit')" 4
at_least "reads of an fd that was inherited" \
	"$(count "$TMP/g.scap" 'proc.name=cat and evt.type=read and fd.name=/etc/hosts')" 1
at_least "reads of an fd of its own" \
	"$(count "$TMP/g.scap" 'proc.name=cat and evt.type=read and fd.name=/etc/passwd')" 1
finish
