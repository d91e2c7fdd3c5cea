#!/usr/bin/env bash
# A process that becomes wanted in the middle of its life: the file knows it, its files and its ancestors.
. "$(dirname "$0")/live.sh"
need_engine
mkdir "$TMP/work"
start_capture "$TMP/f.scap" proc.name=now-wanted || finish
/usr/bin/python3 "$HERE/announce.py" "$TMP/work" now-wanted >"$TMP/must" || wrong "announce.py failed"
stop_capture || wrong "scapcap failed"
scapread -r "$TMP/f.scap" -p '*%fd.num %fd.type %fd.name' evt.type=fcntl >"$TMP/is"
diff "$TMP/must" "$TMP/is" || wrong "files: what was (<) and what the capture says (>)"
read -r name exepath pname <<<"$(scapread -r "$TMP/f.scap" -p '*%proc.name %proc.exepath %proc.pname' -n 1)"
same "name" "$name" now-wanted
same "executable" "$exepath" "$(readlink -f /usr/bin/python3)"
same "parent" "$pname" "$(cat /proc/$$/comm)"
measured "announce: $(wc -l <"$TMP/must") kinds of files of a process that became wanted"
finish
