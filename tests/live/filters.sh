#!/usr/bin/env bash
# Filters give the same events live, where the kernel decides a part of them, as on a whole capture of the same run.
. "$(dirname "$0")/live.sh"
need_engine
# The users of the captured processes reach their folder and their program.
chmod 755 "$TMP"
/usr/bin/python3 "$HERE/filters.py" "$BUILD/tests/live/filters_load" "$HERE/filters.tsv" "$TMP/filters" >"$TMP/said" ||
	{ grep -v ' events: ' "$TMP/said"; n_wrong=$((n_wrong + 1)); }
tail -1 "$TMP/said"
finish
