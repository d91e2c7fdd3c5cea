#!/usr/bin/env bash
# A capture of curl made beside busy neighbours holds no environment, and no argument of another.
. "$(dirname "$0")/live.sh"
need_engine
start_server
cd / || exit 1	# where curl works is no secret

# Neighbours with something to hide, all the while making calls.
for i in 1 2 3; do
	NEIGHBOUR_TOKEN=hidden-token-$i-$RANDOM sh -c 'while :; do /bin/cat /etc/passwd "$@" >/dev/null; done' \
		neighbour "/etc/hostname" "/etc/secret-argument-$i-$RANDOM" 2>/dev/null &
	children+=($!)
done

# What curl does show of itself: its calls.
CURL_TOKEN=hidden-token-of-curl
export CURL_TOKEN
strace -f -s 100000 -o "$TMP/strace" curl -s -A "agent of curl" -o /dev/null "$url"

# The header names the system, whose name may be somebody's argument, too; and what made the file, and what reads it.
{
	cat /etc/os-release
	uname -a
	head -c 1000 "$TMP/probe.scap" | grep -aoE 'scap[a-z]+'
} >>"$TMP/strace"

start_capture "$TMP/f.scap" proc.name=curl || finish
# Everything that must not be inside, while it lives.
"$HERE/secrets.py" --collect >"$TMP/secrets"
curls=()
for i in 1 2 3 4 5; do curl -s -A "agent of curl" -o /dev/null "$url" & curls+=($!); done
children+=("${curls[@]}")
wait "${curls[@]}"
"$HERE/secrets.py" --collect >>"$TMP/secrets"
stop_capture || { cat "$TMP/capture.err"; wrong "scapcap's status"; }
at_least "execve of curl" "$(count "$TMP/f.scap" 'evt.type=execve and proc.name=curl')" 5
same "events of others" "$(count "$TMP/f.scap" 'proc.name!=curl')" 0
same "mode of the file" "$(stat -c %a "$TMP/f.scap")" 600
"$HERE/secrets.py" --search "$TMP/secrets" --allowed "$TMP/strace" "$TMP/f.scap" || wrong "something private is inside"
# The search itself must be able to find: curl's own argument is inside.
printf 'argument\tagent of curl\n' >"$TMP/known"
! "$HERE/secrets.py" --search "$TMP/known" "$TMP/f.scap" >/dev/null || wrong "the search finds nothing at all"
finish
