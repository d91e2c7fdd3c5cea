#!/usr/bin/env bash
# the benches run to their end (their figures are no tests)
. "$(dirname "$0")/../stage.sh"
meson_tests "$GCC" --suite bench
