#!/usr/bin/env bash
# reads the scripts and pages: shellcheck, pyflakes, mandoc, and what else can be read without being run
. "$(dirname "$0")/../stage.sh"
cd "$ROOT" || exit 1

mapfile -t files < <(git ls-files -co --exclude-standard 2>/dev/null || find . -type f)
shell=() python=() pages=()
for f in "${files[@]}"; do
	[ -f "$f" ] || continue
	case $f in
	*.[1-9]) pages+=("$f"); continue ;;
	esac
	line=
	IFS= read -r -n 60 line 2>/dev/null <"$f"
	case $line in
	'#!'*bash* | '#!/bin/sh'* | '# shellcheck shell='*) shell+=("$f") ;;
	'#!'*python*) python+=("$f") ;;
	esac
done
check "shellcheck: ${#shell[@]} scripts" shellcheck -x "${shell[@]}"
check "pyflakes: ${#python[@]} scripts" pyflakes3 "${python[@]}"
check "mandoc -T lint: ${#pages[@]} pages" mandoc -T lint -W warning "${pages[@]}"
check "house rules" tests/layout/house.py "$ROOT"
check "README.md says what the tools say" tests/layout/readme.py "$ROOT" "$GCC"
