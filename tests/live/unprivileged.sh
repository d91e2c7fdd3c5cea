#!/usr/bin/env bash
# An ordinary user without any capability: a command, one's own process, a web page; the file reads like one of root's.
. "$(dirname "$0")/live.sh"
start_server
chmod 755 "$TMP"
mkdir "$TMP/bin" "$TMP/home"
cp "$BUILD/scapcap" "$BUILD/scapread" "$BUILD/scapinfo" "$TMP/bin/"
PATH=$TMP/bin:$PATH
if [ "$(id -u)" = 0 ]; then
	chown nobody "$TMP/home"
	user=nobody
	as_user() { setpriv --reuid nobody --regid nogroup --clear-groups --bounding-set=-all --inh-caps=-all env HOME="$TMP/home" "$@"; }
else
	user=$(id -un)
	as_user() { "$@"; }
fi
cd "$TMP/home" || exit 1

# fields FILE FORMAT FILTER
fields() { scapread -r "$1" -p "*$2" "$3"; }

as_user sh -c 'grep -q "^CapEff:.*[1-9a-f]" /proc/self/status' && wrong "the user has capabilities"
as_user scapcap -w curl.scap -- curl -s -o page "$url" 2>err || { cat err; wrong "capturing curl failed"; }
grep -q 'ptrace captures instead' err || wrong "nothing is said of the engine: $(cat err)"
same "bytes of the page" "$(stat -c %s page)" 2000
same "mode and owner of the file" "$(stat -c '%a %U' curl.scap)" "600 $user"
as_user scapinfo --verify curl.scap >out || { cat out; wrong "verify"; }
same "engine" "$(scapinfo --json curl.scap | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["captures"][0]["engine"])')" ptrace
same "connections to the server" "$(fields curl.scap '%fd.sport' 'evt.type=connect and fd.sip=127.0.0.1')" "$(sed -E 's|.*:([0-9]+)/|\1|' <<<"$url")"
same "who it was" "$(fields curl.scap '%user.name %proc.name %proc.pname' 'evt.type=execve')" "$user curl scapcap"
at_least "opened files with names" "$(fields curl.scap '%fd.name' 'evt.type=openat and fd.num>=0' | grep -c '^/')" 5

# as many calls of each name as strace counts
as_user scapcap -q -w ls.scap -- ls -l /usr/bin >/dev/null
as_user strace -f -o strace ls -l /usr/bin >/dev/null
counts ls.scap >ours
sed -nE 's/^[0-9]+ +([a-z_0-9]+)\(.*/\1/p' strace | grep -vE '^exit' | sort | uniq -c | awk '{ print $2, $1 }' |
	sed -E 's/^(pread|prlimit)64 /\1 /' | sort >theirs
sed -E 's/^(pread|prlimit)64 /\1 /' ours | sort >ours.sorted
diff ours.sorted theirs >differences || { cat differences; wrong "other calls than strace's"; }
measured "ls -l /usr/bin: $(awk '{ n += $2 } END { print n }' ours) calls, as strace counts them: $([ -s differences ] && echo no || echo yes)"

# one's own process, and what one may not
# shellcheck disable=SC2016  # the inner shell expands
as_user sh -c 'echo $$ >pid; while [ ! -e go ]; do sleep 0.05; done; exec cat /etc/hostname' >hostname &
sh=$!
children+=("$sh")
until [ -s pid ]; do sleep 0.05; done
pid=$(cat pid)
as_user scapcap -w pid.scap -p "$pid" 2>err &
capture=$!
children+=("$capture")
for ((i = 0; i < 200; i++)); do grep -q capturing err && break; sleep 0.02; done
as_user touch go
wait $sh
same "status of the process" $? 0
wait $capture || { cat err; wrong "-p failed"; }
fields pid.scap '%proc.name %fd.name' 'evt.type=openat' | grep -q '^cat /etc/hostname$' || wrong "-p: the file is not there"
if [ "$(id -u)" = 0 ]; then
	as_user scapcap -w other.scap -p $$ 2>err && wrong "somebody else's process was captured"
	grep -q 'may not be traced' err || wrong "what is said of somebody else's process: $(cat err)"
fi
# Under sudo root's rights are given back where all tracees are the invoking user's, and kept elsewhere; what is
# recorded is the same.
if [ "$(id -u)" = 0 ]; then
	# rights SUDO-USER FILE ARGUMENT...: whose the tracer is while the command runs
	# shellcheck disable=SC2016  # the inner shell expands
	rights() {
		local uid
		uid=$(id -u "$1")
		SUDO_UID=$uid SUDO_GID=$(id -g "$1") scapcap -q --engine=ptrace -w "$2" "${@:3}" -- \
			sh -c 'sed -nE "s/^(Uid:|CapEff:)[^0-9a-f]*([0-9a-f]+).*/\2/p" /proc/$PPID/status >rights; xargs <rights; rm -f rights'
	}
	chmod 777 .
	same "rights with one's own command" "$(rights nobody given.scap -u nobody)" "$(id -u nobody) 0000000000000000"
	rights root kept.scap -u nobody | grep -q '^0 .*[1-9a-f]' || wrong "rights of root: $(rights root kept.scap -u nobody)"
	rights nobody roots.scap | grep -q '^0 .*[1-9a-f]' || wrong "rights with root's command"
	for f in given kept; do
		scapread -r $f.scap -p '*%thread.vtid %evt.type %evt.rawres %fd.name' 'proc.name=sh and proc.args contains CapEff' |
			sed -E 's/^[0-9]+ //' | grep -vE ' [0-9]{3,} |pipe:' >$f.events
	done
	at_least "events with rights given back" "$(wc -l <given.events)" 50
	# a child that ends while the shell is not waiting yet interrupts it: chance
	by_type() { cut -d' ' -f1 "$1" | grep -vE '^(rt_sigreturn|signaldeliver)$' | sort | uniq -c; }
	diff <(by_type given.events) <(by_type kept.events) ||
		wrong "other events with rights given back"
fi
as_user scapcap --doctor >out
grep -q '^ok .*ptrace engine' out || { cat out; wrong "the doctor"; }
finish
