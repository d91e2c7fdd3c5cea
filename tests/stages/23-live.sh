#!/usr/bin/env bash
# through the real engine: the tests of tests/live
# alone
. "$(dirname "$0")/../stage.sh"
[ "$(id -u)" = 0 ] || {
	skip "live: capturing needs root (sudo tests/run live)"
	exit 0
}
meson_tests "$GCC" --suite live ${FULL:+-t 10 --test-args=--full}
