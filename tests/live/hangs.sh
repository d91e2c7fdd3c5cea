#!/usr/bin/env bash
# Calls that never return: named with fd, peer and how long, when SIGUSR1 asks, at the end, from the file; and
# those that began before the capture.
. "$(dirname "$0")/live.sh"
need_engine

wait_for() {	# wait_for PATTERN FILE [LINES]
	local i
	: >>"$2" # who writes it may not have begun
	for ((i = 0; i < 400; i++)); do
		[ "$(grep -c "$1" "$2")" -lt "${3-1}" ] || return 0
		sleep 0.05
	done
	wrong "no '$1' in $2: $(cat "$2")"
}
# told NAME FILE PATTERN...: each is in one line of the report.
told() {
	local name=$1 file=$2 pattern
	shift 2
	for pattern; do
		grep -qE "$pattern" "$file" || { wrong "$name: no '$pattern'"; cat "$file"; }
	done
}

# Started by us: the times are known.
began_at=${EPOCHREALTIME/./}
scapcap -M 6 -w "$TMP/a.scap" -- "$HERE/stuck.py" "$TMP/locked" >"$TMP/a.out" 2>"$TMP/a.err" &
capture=$!
children+=("$capture")
wait_for '^stuck' "$TMP/a.out"
read -r _ pid port <"$TMP/a.out"
stuck_at=${EPOCHREALTIME/./}
sleep 1
asked_at=${EPOCHREALTIME/./}
kill -USR1 "$capture"
wait_for ' s stuck.py' "$TMP/a.err" 8
until_at=${EPOCHREALTIME/./}
cp "$TMP/a.err" "$TMP/a.asked"
wait_for 'the capture is complete' "$TMP/a.err"
calls=('read\(fd=[0-9]+\(<p>.*\) size=100\)' "flock\(fd=[0-9]+\(<f>$TMP/locked\) operation=2\(LOCK_EX\)\)"
	"connect\(tuple=127.0.0.1:[0-9]+->127.0.0.1:$port fd=[0-9]+" "\($pid\) futex\(addr=[0-9A-F]+ op=.*FUTEX_WAIT"
	# what pointers point to, in the memory of who waits
	"openat\(dirfd=-100\(AT_FDCWD\) name=$TMP/locked.fifo flags=4097\(O_RDONLY\|O_CLOEXEC\) mode=0\)"
	"connect\(tuple=[0-9a-f]+->[0-9a-f]+ $TMP/locked.sock fd=[0-9]+\(<u>\) addr=$TMP/locked.sock\)"
	'write\(data=to whom it may concern to whom .* fd=[0-9]+\(<p>.*\) size=230000\)' 'poll\(fds=[0-9]+:p1 timeout=-1\)')
for call in "${calls[@]}"; do
	told "asked" "$TMP/a.asked" "^ +[0-9]+\.[0-9]{9} s stuck.py (\([0-9]+\) )?$call"
done
# Each since all were stuck (the main thread begins its call a little after it has said so), none for longer than
# there has been a program.
awk -v least=$(((asked_at - stuck_at) / 2)) -v most=$((until_at - began_at)) '/ s stuck.py/ && ($1 * 1e6 < least || $1 * 1e6 > most) { print; bad = 1 }
	END { exit bad }' "$TMP/a.asked" || wrong "asked: other times than $(((asked_at - stuck_at) / 2)) to $((until_at - began_at)) us"
scapread -r "$TMP/a.scap" --hangs >"$TMP/a.file"
told "from the file" "$TMP/a.file" "${calls[@]}"
same "the end as told and as in the file" "$(grep -c ' s stuck.py' "$TMP/a.file")" \
	"$(awk '/^calls in progress/ { n = 0 } / s stuck.py/ { n++ } END { print n }' "$TMP/a.err")"
# What was asked for in between is not in the file: each thread is in one call.
same "unfinished calls in the file" "$(scapread -r "$TMP/a.scap" evt.unfinished=true | wc -l)" 8

# Attached to, by number and by name, when they are stuck already.
before=('since before +stuck.py \([0-9]+\) read\(fd=[0-9]+\(<p>pipe:\[[0-9]+\]\) size=100\)'
	"since before +stuck.py \([0-9]+\) flock\(fd=[0-9]+\(<f>$TMP/locked\) operation=2\(LOCK_EX\)\)"
	"since before +stuck.py \([0-9]+\) connect\(fd=[0-9]+\(<4t>127.0.0.1:[0-9]+->127.0.0.1:$port\)"
	"since before +stuck.py \($pid\) futex\("
	"since before +stuck.py \([0-9]+\) openat\(dirfd=-100\(AT_FDCWD\) name=$TMP/locked.fifo flags=4097"
	"since before +stuck.py \([0-9]+\) connect\(fd=[0-9]+\(<u>.*\) addr=$TMP/locked.sock\)"
	'since before +stuck.py \([0-9]+\) write\(data=to whom it may concern .* size=230000\)'
	'since before +stuck.py \([0-9]+\) (poll\(fds=[0-9]+:p1|restart_syscall)')
scapcap -M 1 -w "$TMP/b.scap" -p "$pid" 2>"$TMP/b.err"
told "-p" "$TMP/b.err" "${before[@]}"
scapcap -M 1 --hangs -w "$TMP/c.scap" proc.name=stuck.py 2>"$TMP/c.err"
told "by name" "$TMP/c.err" "${before[@]}"
same "other programs" "$(scapread -r "$TMP/c.scap" proc.name!=stuck.py | wc -l)" 0
# A 32-bit one, whose read has the number of close.
printf '#include <unistd.h>\nint main(void) { char c; return (int)read(0, &c, 1); }\n' >"$TMP/narrow.c"
if gcc -m32 "-I/usr/include/$(gcc -print-multiarch)" -o "$TMP/stuck-narrow" "$TMP/narrow.c" 2>"$TMP/err" && "$TMP/stuck-narrow" </dev/null; then
	mkfifo "$TMP/narrow"
	exec 8<>"$TMP/narrow"
	"$TMP/stuck-narrow" <"$TMP/narrow" &
	narrow=$!
	children+=("$narrow")
	wait_for '^3 ' /proc/$narrow/syscall
	scapcap -M 1 -w "$TMP/n.scap" -p $narrow 2>"$TMP/n.err"
	told "32 bits" "$TMP/n.err" "since before +stuck-narrow \($narrow\) read\(fd=0\(<p>$TMP/narrow\) size=1\)"
	kill $narrow
else
	echo "not tried: 32-bit programs: $(tail -1 "$TMP/err") (libc6-dev-i386 and lib32gcc-12-dev are needed)"
fi
kill "$pid"
wait "$capture" 2>/dev/null
# The other engine says as much, but for the addresses of unix sockets.
timeout 60 scapcap --engine=ptrace -M 5 -w "$TMP/d.scap" -- timeout -s KILL 8 "$HERE/stuck.py" "$TMP/other" >"$TMP/d.out" 2>"$TMP/d.err"
read -r _ pid port <"$TMP/d.out"
for call in "${calls[@]//"$TMP/locked"/$TMP/other}"; do
	# Pid and port are others.
	call=${call/->127.0.0.1:*fd=/->127.0.0.1:$port fd=}
	told "ptrace" "$TMP/d.err" "${call/#*futex/futex}"
done

measured "hangs: read on a pipe, flock, connect, futex: told with fd, peer and time, and what their pointers point to; $(wc -l <"$TMP/a.file") lines"
finish
