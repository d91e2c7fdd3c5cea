#!/usr/bin/env bash
# builds with clang, -Wall -Wextra -Werror; the fuzz targets, with clang's sanitizers, over their corpus
. "$(dirname "$0")/../stage.sh"
export CC=clang
if check "build with clang" meson_build "$OUT/clang" -Doptimization=0; then
	meson_tests "$OUT/clang" --suite unit
fi
if TARGET=fuzzers check "build the fuzz targets" meson_build "$OUT/fuzz" -Dfuzz=true -Db_lundef=false -Dbpf=disabled -Doptimization=1; then
	meson_tests "$OUT/fuzz" --suite fuzz
fi
