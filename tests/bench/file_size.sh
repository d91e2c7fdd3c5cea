#!/usr/bin/env bash
# How large captures are beside gzip over the same events, laid out as blocks of a genuine .scap file.
#
#	tests/bench/file_size.sh BUILD-FOLDER [--smoke] [CAPTURE...]
#
# Without captures it makes one of mixed work (the engine is needed: root). Goal: at most 0.50 of gzip; aim: 0.45.
# Then bytes an event, by column.
. "$(dirname "$0")/../live/live.sh"
shift
smoke=
[ "${1-}" != --smoke ] || { smoke=yes; shift; }

# The commands that a shell session has, run one after the other.
make_mixed() {
	local docs=2000 headers=/usr/include log=100000
	[ -z "$smoke" ] || docs=20 headers=/usr/include/linux log=1
	need_engine
	start_server
	printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' >"$TMP/hello.c"
	cat >"$TMP/mixed.sh" <<-END
		cat /etc/passwd /etc/services
		ls -l /usr/bin
		tar cf - $headers
		/usr/bin/python3 -c 'import json, http.client, asyncio, sqlite3'
		curl -s $url
		gcc -o "$TMP/hello" "$TMP/hello.c"
		"$TMP/hello"
		find /usr/share/doc -name copyright | head -n $docs | xargs cat
		git -C "$HERE/../.." log --stat -n $log
		true
	END
	# Into a file: tar does not even read what it would write to /dev/null.
	scapcap -w "$TMP/mixed.scap" -- bash "$TMP/mixed.sh" >"$TMP/out" 2>"$TMP/err" ||
		{ cat "$TMP/err"; wrong "scapcap failed"; finish; }
}

if [ $# = 0 ]; then
	make_mixed
	set -- "$TMP/mixed.scap"
fi
printf '%-24s %10s %12s %12s %12s %6s\n' capture events "as .scap" "gzip -6" native ratio
for file; do
	"$BUILD/tests/bench/scap_layout" "$file" >"$TMP/layout" || wrong "scap_layout $file"
	"$HERE/../bench/column_sizes.py" "$file" >"$TMP/columns" || wrong "column_sizes.py $file"
	events=$(head -1 "$TMP/columns")
	native=$(stat -c %s "$file")
	zipped=$(gzip -6 <"$TMP/layout" | wc -c)
	printf '%-24s %10d %12d %12d %12d %6s\n' "$(basename "$file")" "$events" "$(stat -c %s "$TMP/layout")" \
		"$zipped" "$native" "$(awk "BEGIN { printf \"%.3f\", $native / $zipped }")"
done
echo "bytes an event in the last of them:"
tail -n +2 "$TMP/columns"
finish
