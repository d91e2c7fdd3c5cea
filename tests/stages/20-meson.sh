#!/usr/bin/env bash
# unit, layout, filters, command line, golden, interop, fuzz regressions
. "$(dirname "$0")/../stage.sh"
meson_tests "$GCC" --no-suite live --no-suite wireshark
