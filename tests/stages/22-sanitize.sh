#!/usr/bin/env bash
# everything but live tests and others' readers again, under AddressSanitizer and UndefinedBehaviorSanitizer
. "$(dirname "$0")/../stage.sh"
export CC=gcc
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
check "build with ASan and UBSan" \
	meson_build "$OUT/asan" -Db_sanitize=address,undefined -Doptimization=1 || exit 1
TRY_AGAIN='' meson_tests "$OUT/asan" --no-suite live --no-suite wireshark --no-suite quick --no-suite peers --no-suite processes -t 4
