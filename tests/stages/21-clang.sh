#!/usr/bin/env bash
# builds with clang, -Wall -Wextra -Werror, the fuzz targets included
. "$(dirname "$0")/../stage.sh"
export CC=clang
check "build with clang" meson_build "$OUT/clang" -Dfuzz=true -Db_lundef=false || exit 1
meson_tests "$OUT/clang" --suite unit --suite fuzz
