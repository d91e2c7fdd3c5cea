#!/usr/bin/env bash
# What scapcap does beside capturing: commands and their status, signals, whose the file is, whom it follows.
. "$(dirname "$0")/live.sh"
need_engine
cd "$TMP" || exit 1
types() { scapread -r "$1" -p '%evt.type' | sort -u | tr '\n' ' '; }
# status WANT ARGUMENT...: of scapcap
status() {
	local want=$1
	shift
	timeout 60 scapcap "$@" >out 2>err
	same "status of scapcap $*" $? "$want" || cat err
}
says() { grep -q "$1" err || wrong "'$1' is not said, but: $(cat err)"; }
wait_for() {
	local i
	for ((i = 0; i < 500; i++)); do
		! eval "$1" 2>/dev/null || return 0
		sleep 0.02
	done
	wrong "never: $1"
}

# A command's status is ours; without one there is no file, or the old one.
status 7 -w a.scap -- sh -c 'exit 7'
status 137 -w a.scap -- sh -c 'kill -9 $$'
cp a.scap old.scap
status 127 -w a.scap -- nonesuch
says '^scapcap: nonesuch: No such file'
status 126 -w a.scap -- /etc/passwd
cmp a.scap old.scap || wrong "the old file is gone though nothing was captured"
status 127 -w new.scap -- nonesuch
[ ! -e new.scap ] || wrong "a file without a capture"
status 1 -w /nonesuch/x.scap -- sh -c 'touch began'
says '^scapcap: /nonesuch/x.scap: No such file'
status 1 -w . -- sh -c 'touch began'
says 'Is a directory'
[ ! -e began ] || wrong "the command began though there was no file"
scapcap -w - -- true >&- 2>err
same "status without standard output" $? 1
says '^scapcap: standard output: '
script -qec 'scapcap -w - -- true' /dev/null >out </dev/null
grep -q 'writes none to a terminal' out || wrong "a capture goes to a terminal"

# A filter on calls is not undone by the state that is kept for them.
status 0 -w b.scap evt.type=read -- sh -c 'read -r x </etc/hostname'
same "types that pass" "$(types b.scap)" "read "
at_least "reads of a file whose opening did not pass" "$(count b.scap fd.name=/etc/hostname)" 2
status 1 'evt.failed=true' -- cat /etc/hostname /nonesuch
same "calls that did not fail" "$(grep -c ' res=[0-9]\| fd=[0-9]' out)" 0

# A capture that ends first leaves the command alone and waits for it.
status 5 -n 3 -w c.scap -- sh -c 'sleep 1.5; exit 5'
same "events with -n 3" "$(count c.scap)" 3
says 'sh goes on'
status 5 -M 1 -w c.scap -- sh -c 'sleep 3; touch after; exit 5'
[ -e after ] || wrong "the command was ended with the capture"
same "end of the command after -M" "$(count c.scap evt.type=procexit and proc.name=sh)" 0

# Whose the file is, and what is left of privileges: also when signals must reach a command of root's.
echo old >d.scap
chmod 644 d.scap
chmod 755 .
cat >wait.sh <<'SH'
grep -E '^(Uid|CapEff|CapPrm|NoNewPrivs)' /proc/$PPID/status >privileges
trap 'exit 9' TERM
touch ready
while :; do sleep 0.02; done
SH
SUDO_UID=65534 SUDO_GID=65534 scapcap -w d.scap -- sh wait.sh 2>err &
capture=$!
children+=("$capture")
wait_for '[ -e ready ]'
same "owner and mode" "$(stat -c '%u %g %a' d.scap)" "65534 65534 600"
same "privileges" "$(tr -s '\t\n' ' ' <privileges)" \
	"Uid: 65534 65534 65534 65534 CapPrm: 0000000000000000 CapEff: 0000000000000000 NoNewPrivs: 1 "
kill -TERM $capture
wait $capture
same "status after SIGTERM was passed on" $? 9
scapinfo --verify d.scap >out || wrong "the file after SIGTERM is not whole"

# The second signal ends the capture of a command that does not end.
rm ready
cat >stubborn.sh <<'SH'
trap '' TERM
echo $$ >pid
touch ready
while :; do sleep 0.02; done
SH
scapcap -w e.scap -- sh stubborn.sh 2>err &
capture=$!
wait_for '[ -e ready ]'
children+=("$(cat pid)")
kill -TERM $capture
sleep 0.2
kill -0 $capture || wrong "the first signal ended the capture"
kill -TERM $capture
wait $capture
same "status after the second SIGTERM" $? 143
kill -0 "$(cat pid)" || wrong "the command is gone"
kill -9 "$(cat pid)"
scapinfo --verify e.scap >out || wrong "the file after two signals is not whole"

# -p follows descendants that were there before; the capture ends with the processes that were named.
mkfifo fifo
sh -c '( (while read -r x; do cat /etc/hostname >/dev/null; [ "$x" != end ] || exit 0; done <fifo) & wait ) & wait' &
tree=$!
exec 7>fifo
start_capture f.scap -p $tree
echo go >&7
sleep 0.2
echo end >&7
exec 7>&-
wait $tree
wait "$capture"
same "status when the process has ended" $? 0
same "programs that a grandchild ran" "$(count f.scap 'proc.name=cat and evt.type=execve')" 2
same "its ancestor by name" "$(count f.scap 'proc.name=cat and evt.type=execve and proc.aname=sh')" 2
/usr/bin/python3 -c 'import threading, time, os
threading.Thread(target=time.sleep, args=(20,)).start()
print(max(map(int, os.listdir("/proc/self/task"))), flush=True)' >tid &
children+=($!)
wait_for '[ -s tid ]'
status 1 -p "$(cat tid)"
says "is a thread of process $!"
status 1 -p 4194304
says 'process 4194304: No such process'

# What is in the file of processes, and of environments.
status 0 --snapshot=none -w g.scap -- true
none=$(scapinfo g.scap | awk '$1 == "threads" { print $2 }')
status 0 --snapshot=all -w g.scap -- true
at_least "threads with --snapshot=all" "$(scapinfo g.scap | awk '$1 == "threads" { print $2 }')" $((${none:-0} + 2))
export SCAPKIT_SECRET=very-secret
status 0 -w g.scap -- true
same "environment without --env" "$(scapread -r g.scap -j | grep -c very-secret)" 0
status 0 --env -w g.scap -- true
at_least "environment with --env" "$(scapread -r g.scap -j | grep -c very-secret)" 1
unset SCAPKIT_SECRET

# Extremes.
for size in 128k 1G; do
	status 0 --buffer $size -w h.scap -- dd if=/dev/zero of=/dev/null bs=1 count=100
	at_least "writes with --buffer $size" "$(count h.scap 'evt.type=write and proc.name=dd')" 100
done
for len in 0 65000; do
	status 0 -s $len -w h.scap -- dd if=/dev/zero of=/dev/null bs=64k count=20
	same "bytes kept with -s $len" \
		"$(scapread -r h.scap -j 'evt.type=write and fd.name=/dev/null' | head -1 |
			/usr/bin/python3 -c 'import json, sys
d = json.load(sys.stdin)["args"]["data"]
print(len(d or ""))')" $len
done
many=$(seq -s, -f 'x%g' 1 4000)
status 0 -w h.scap "proc.name in ($many)" -M 1
scapinfo --verify h.scap >out || wrong "a long filter"
# Of a machine with many processes only the command's family is read before it starts.
sleep 60 &
other=$!
children+=("$other")
strace -f -e trace=openat -o "$TMP/opened" scapcap -q -w "$TMP/family.scap" -- /bin/true || wrong "scapcap under strace"
at_least "files of our own family in /proc" "$(grep -c "\"$$\"" "$TMP/opened")" 1
same "files of another process" "$(grep -cE "\"(/proc/)?${other}[/\"]" "$TMP/opened")" 0
finish
