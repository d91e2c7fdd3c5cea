#!/usr/bin/env bash
# The samples can be made again, are what they say, and hold nothing of the machine that made them:
# neither the fresh ones nor those of the tree.
. "$(dirname "$0")/live.sh"
need_engine
top=$HERE/../..

"$top/samples/make" "$BUILD" "$TMP/made" >"$TMP/out" 2>&1 || { cat "$TMP/out"; wrong "samples/make"; finish; }

# looks FOLDER: each sample shows what it is for.
looks() {
	local d=$1
	at_least "$d: curl connects" "$(count "$d/curl.scap" evt.type=connect)" 1
	at_least "$d: curl opens files" "$(count "$d/curl.scap" evt.type=openat)" 5
	same "$d: only curl" "$(count "$d/curl.scap" 'proc.name!=curl')" 0
	at_least "$d: script forks" "$(count "$d/script.scap" evt.type=clone or evt.type=clone3 or evt.type=vfork)" 5
	at_least "$d: script runs sort" "$(count "$d/script.scap" evt.type=execve and proc.name=sort)" 1
	at_least "$d: failing calls" "$(count "$d/failing.scap" 'evt.failed=true and evt.type in (openat, mkdir, connect)')" 4
	at_least "$d: failing is killed" "$(count "$d/failing.scap" evt.type=signaldeliver)" 1
	same "$d: clients that are answered" "$(count "$d/server.scap" 'proc.name=bash and evt.type=connect and evt.rawres ge 0 and fd.sport=8081')" 2
	same "$d: the server accepts" "$(count "$d/server.scap" 'evt.type=accept4 and evt.rawres ge 0')" 2
	at_least "$d: somebody still waits" "$(scapread -r "$d/blocked.scap" | grep -c 'cat .* > read .*fd=0')" 1
	scapread -r "$d/curl.scap" -p '%user.name' >"$TMP/users" 2>/dev/null
	same "$d: whose curl it is" "$(sort -u "$TMP/users")" ada
	for f in "$d"/*.scap; do
		scapinfo --verify "$f" >"$TMP/out" 2>&1 || { cat "$TMP/out"; wrong "$f: verify"; }
		same "$f: lost" "$(lost "$f")" 0
		grep -q '"hostname":"quince"' <(scapinfo --json "$f") || wrong "$f: not made on quince"
	done
}
looks "$TMP/made"
looks "$top/samples"

# Nothing of this machine and of who runs this.
"$HERE/secrets.py" --machine "$top" >"$TMP/secrets"
"$HERE/secrets.py" --search "$TMP/secrets" "$TMP"/made/*.scap "$top"/samples/*.scap ||
	wrong "something of this machine is inside"
# The search itself must be able to find: the made-up name is inside.
printf 'host\tquince\n' >"$TMP/known"
! "$HERE/secrets.py" --search "$TMP/known" "$TMP/made/curl.scap" >/dev/null || wrong "the search finds nothing at all"
n=0
for f in "$TMP"/made/*.scap; do n=$((n + $(count "$f"))); done
measured "samples: $(cat "$TMP"/made/*.scap | wc -c) bytes, $n events, $(wc -l <"$TMP/secrets") forbidden texts"
finish
