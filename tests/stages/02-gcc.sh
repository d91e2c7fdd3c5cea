#!/usr/bin/env bash
# builds with gcc, -Wall -Wextra -Werror: the build that the other stages use
. "$(dirname "$0")/../stage.sh"
export CC=gcc
check "build with gcc" meson_build "$GCC" -Dbpf=enabled
