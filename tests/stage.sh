# shellcheck shell=bash
# What the stages share. A stage begins with:   . "$(dirname "$0")/../stage.sh"
# ROOT is the source, OUT the folder that keeps builds, TMP a fresh folder for this stage alone.
set -uo pipefail
: "${ROOT:?run me through tests/run}" "${OUT:?}" "${TMP:?}"
GCC=$OUT/gcc
export GCC

pass() { echo "ok - $*"; }
fail() { echo "not ok - $*"; }
skip() { echo "skip - $*"; }		# skip WHAT: WHY
measured() { echo "measured - $*"; }	# a figure worth a line even when all is well

# check WHAT COMMAND...: ok when it succeeds; its words are shown when it does not.
check() {
	local what=$1 log
	shift
	log=$(mktemp -p "$TMP")
	if "$@" >"$log" 2>&1; then
		pass "$what"
	else
		cat "$log"
		fail "$what"
		return 1
	fi
}

# meson_build FOLDER MESON-OPTION...: everything, or $TARGET, with $CC; warnings are errors.
meson_build() {
	local folder=$1 log=$TMP/build.log
	shift
	if [ ! -f "$folder/build.ninja" ] || [ "$(cat "$folder/stage-options" 2>/dev/null)" != "$CC $*" ]; then
		rm -rf "$folder"
		meson setup "$folder" "$ROOT" -Dwerror=true "$@" >"$log" 2>&1 || {
			tail -30 "$log"
			return 1
		}
		echo "$CC $*" >"$folder/stage-options"
	fi
	ninja -C "$folder" ${TARGET:+"$TARGET"} >"$log" 2>&1 || {
		grep -E -A12 '^FAILED|error:' "$log" || tail -40 "$log"
		return 1
	}
}

# meson_tests FOLDER ARGUMENT...: runs what `meson test ARGUMENT...` runs; a line for each test.
# Stages run beside each other on one build: each has a log of its own. What runs real programs beside
# other readers of them meets chance (a tick of a server's clock, a busy machine): of those, up to two
# that fail are run once more, alone, and the line says so with what the first try said. (TRY_AGAIN= for none.)
meson_tests() {
	local folder=$1 log results=$ROOT/tests/meson_results.py again=() name
	shift
	log=stage-$(basename "$TMP")
	rm -f "$folder/meson-logs/$log"*.json
	meson test -C "$folder" --no-rebuild --print-errorlogs --logbase "$log" "$@" >"$TMP/test.log" 2>&1
	mapfile -t again < <(/usr/bin/python3 "$results" --failed "${TRY_AGAIN-live,chance}" "$folder/meson-logs/$log.json")
	if [ ${#again[@]} -le 2 ]; then
		for name in "${again[@]}"; do
			meson test -C "$folder" --no-rebuild --logbase "$log-again-$name" "$@" "$name" >>"$TMP/test.log" 2>&1
		done
	fi
	/usr/bin/python3 "$results" "$folder/meson-logs/$log.json" "$folder/meson-logs/$log"-again-*.json || {
		tail -30 "$TMP/test.log"
		fail "meson test $* says nothing"
	}
}
