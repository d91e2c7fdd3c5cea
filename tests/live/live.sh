# shellcheck shell=bash
# What the live tests share. Each is a script of its own:
#
#	tests/live/NAME.sh BUILD-FOLDER [--full]
#
# It goes through the real engine and needs root. It prints what it measured ("measured - ..."),
# ends with 0 when all holds, 1 when something does not, 77 when the kernel refuses, with the reason.
set -uo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILD=$(cd "${1:?usage: $0 BUILD-FOLDER [--full]}" && pwd)
FULL=
[ "${2-}" != --full ] || FULL=yes
TMP=$(mktemp -d /tmp/scapkit-live.XXXXXX)
export HERE BUILD FULL TMP
PATH=$BUILD:$PATH
n_wrong=0
children=()

# shellcheck disable=SC2317  # called by the trap
clean_up() {
	local pid
	for pid in "${children[@]}"; do kill -9 "$pid" 2>/dev/null; done
	wait 2>/dev/null
	! mountpoint -q "$TMP/small" || umount -l "$TMP/small"
	rm -rf "$TMP"
}
trap clean_up EXIT

measured() { echo "measured - $*"; }
wrong() { echo "WRONG: $*"; n_wrong=$((n_wrong + 1)); return 1; }
finish() { [ $n_wrong = 0 ] || { echo "$n_wrong wrong"; exit 1; }; exit 0; }

# same WHAT IS MUST
same() { [ "$2" = "$3" ] || wrong "$1: $2, not $3"; }
at_least() { [ "$2" -ge "$3" ] || wrong "$1: $2, not at least $3"; }
at_most() { [ "$2" -le "$3" ] || wrong "$1: $2, more than $3"; }

# The engine must work here, or the kernel must be what refuses.
need_engine() {
	if [ "$(id -u)" != 0 ]; then
		echo "skip: capturing needs root"
		exit 77
	fi
	scapcap -w "$TMP/probe.scap" -- /bin/true 2>"$TMP/probe" && return 0
	cat "$TMP/probe"
	if grep -qiE 'kernel (refuses|has no|is too old)|not permitted' "$TMP/probe"; then
		echo "skip: $(tail -1 "$TMP/probe")"
		exit 77
	fi
	wrong "scapcap -- /bin/true does not work"
	finish
}

# start_capture FILE ARGUMENT...: in the background, returns when it is capturing; pid in $capture.
start_capture() {
	local i
	: >"$TMP/capture.err"
	scapcap -w "$@" 2>"$TMP/capture.err" </dev/null &
	capture=$!
	children+=("$capture")
	for ((i = 0; i < 400; i++)); do
		! grep -q capturing "$TMP/capture.err" || return 0
		kill -0 "$capture" 2>/dev/null || break
		sleep 0.02
	done
	cat "$TMP/capture.err"
	wrong "scapcap $* does not say that it is capturing"
	return 1
}

# stop_capture: as Ctrl-C does; the status of scapcap.
stop_capture() {
	kill -INT "$capture"
	wait "$capture"
}

count() { scapread -r "$@" | wc -l; }

# counts FILE: lines "NAME N" per system call; not the second returns of fork, not exit itself
# (which strace prints, too, but never as returning).
counts() {
	scapread -r "$1" -p '*%syscall.type %evt.rawres' 'evt.type!=procexit' |
		awk '$1 ~ /^(fork|vfork|clone|clone3)$/ && $2 == 0 { next }
		     $1 ~ /^(exit|exit_group|<NA>|)$/ { next }
		     { n[$1]++ } END { for (i in n) print i, n[i] }' | sort
}

# lost FILE: events that the file says were lost.
lost() {
	scapinfo --json "$1" | /usr/bin/python3 -c '
import json, sys
print(sum(json.load(sys.stdin)["lost"].values()))'
}

# A small web server on loopback; its address in $url. Each answer comes a little later and in one
# piece, so that a client makes the same calls however fast it is.
start_server() {
	local i
	/usr/bin/python3 - >"$TMP/server" 2>&1 <<-'PY' &
		import socket, threading, time
		body = b"x" * 2000
		answer = b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
		def serve(client):
		    client.recv(4096)
		    time.sleep(0.05)
		    client.sendall(answer)
		    client.close()
		server = socket.create_server(("127.0.0.1", 0))
		print("port", server.getsockname()[1], flush=True)
		while True:
		    threading.Thread(target=serve, args=(server.accept()[0],)).start()
	PY
	children+=($!)
	for ((i = 0; i < 400; i++)); do
		! grep -q '^port [0-9]' "$TMP/server" || break
		sleep 0.02
	done
	# shellcheck disable=SC2034  # for the tests
	url=http://127.0.0.1:$(sed -n 's/^port //p' "$TMP/server")/
}
