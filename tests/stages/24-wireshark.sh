#!/usr/bin/env bash
# the plugins in Wireshark's own programs
. "$(dirname "$0")/../stage.sh"
meson_tests "$GCC" --suite wireshark
