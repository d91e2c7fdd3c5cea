#!/usr/bin/env bash
# A full disk and a closed pipe: a clear error, and what was written reads.
. "$(dirname "$0")/live.sh"
need_engine

# Eight MiB that no compression makes smaller, kept whole.
busy=(dd if=/dev/urandom of=/dev/null bs=4096 count=1000)

mkdir "$TMP/small"
mount -t tmpfs -o size=1m scapkit-small "$TMP/small" || { wrong "mount tmpfs"; finish; }
scapcap -s 4096 -w "$TMP/small/f.scap" -- "${busy[@]}" 2>"$TMP/err"
status=$?
same "status when the disk is full" $status 1
grep -q 'f.scap: .*[Nn]o space left' "$TMP/err" || { cat "$TMP/err"; wrong "the error does not say that the disk is full"; }
n=$(scapread -r "$TMP/small/f.scap" 2>"$TMP/read.err" | wc -l)
at_least "events in the file on the full disk" "$n" 100 || cat "$TMP/read.err"
scapedit --repair "$TMP/small/f.scap" "$TMP/f.whole.scap" 2>"$TMP/err" || { cat "$TMP/err"; wrong "repair"; }
scapinfo --verify "$TMP/f.whole.scap" >"$TMP/out" 2>&1 || { cat "$TMP/out"; wrong "verify"; }
measured "full disk (1 MiB): status $status, $n events readable"

{
	scapcap -s 4096 -w - -- "${busy[@]}" 2>"$TMP/err"
	echo $? >"$TMP/status"
} | head -c 1000000 >"$TMP/part.scap"
status=$(cat "$TMP/status")
same "status when the pipe is closed" "$status" 1
grep -qi 'pipe' "$TMP/err" || { cat "$TMP/err"; wrong "the error does not say that the pipe is closed"; }
n=$(scapread -r "$TMP/part.scap" 2>"$TMP/read.err" | wc -l)
at_least "events in what came through the pipe" "$n" 100 || cat "$TMP/read.err"
measured "closed pipe after 1,000,000 bytes: status $status, $n events readable"

n=$(scapcap -w - -- sh -c '/bin/echo hello >/dev/null' 2>/dev/null |
	scapread -r - 'evt.type=write and evt.buffer contains hello' | wc -l)
same "writes seen through scapcap -w - | scapread -r -" "$n" 1
finish
