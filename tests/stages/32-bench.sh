#!/usr/bin/env bash
# the benches run to their end, in a short form (their figures are no tests)
. "$(dirname "$0")/../stage.sh"
meson_tests "$GCC" --benchmark
