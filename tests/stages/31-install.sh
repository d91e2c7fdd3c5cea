#!/usr/bin/env bash
# meson install into a folder of its own, and a program compiled against it with pkg-config
. "$(dirname "$0")/../stage.sh"

dest=$TMP/dest
check "meson install" env DESTDIR="$dest" meson install -C "$GCC" --no-rebuild || exit 1
prefix=$dest/usr/local
man=$prefix/share/man
for f in "$prefix"/bin/{scapcap,scapread,scapinfo,scapedit,scapstrace} \
	"$man"/man1/{scapcap,scapread,scapinfo,scapedit,scapstrace}.1 "$man/man5/scap.5" \
	"$prefix/include/scapkit.h" \
	"$prefix/share/bash-completion/completions"/{scapcap,scapread,scapinfo,scapedit,scapstrace} \
	"$prefix/share/zsh/site-functions"/_{scapcap,scapread,scapinfo,scapedit,scapstrace}; do
	check "installed: ${f#"$dest"}" [ -s "$f" ]
done
check "nothing but that: folders of the prefix" \
	[ "$(cd "$prefix" && echo *)" = "bin include lib share" ]

pc=$(find "$prefix" -name scapkit.pc)
check "a pkg-config file" [ -f "$pc" ] || exit 1
export PKG_CONFIG_PATH=${pc%/*} PKG_CONFIG_SYSROOT_DIR=$dest
lib=$(pkg-config --variable=libdir scapkit)
case $lib in "$dest"*) ;; *) lib=$dest$lib ;; esac
# The flags are words of a command line.
# shellcheck disable=SC2046
check "compile against it" gcc -Wall -Wextra -Werror -o "$TMP/count" "$ROOT/tests/install/client.c" \
	$(pkg-config --cflags --libs scapkit) || exit 1
check "run what was compiled" env LD_LIBRARY_PATH="$lib" "$TMP/count" "$ROOT/samples/curl.scap" \
	evt.type=openat || exit 1
n=$(LD_LIBRARY_PATH=$lib "$TMP/count" "$ROOT/samples/curl.scap" evt.type=openat)
m=$("$GCC/scapread" -r "$ROOT/samples/curl.scap" evt.type=openat | wc -l)
check "it counts $n openat, scapread $m" [ "$n" = "$m" ]
foreign() { nm -D --defined-only "$lib/libscapkit.so" | awk '{print $3}' | grep -v '^scapkit_'; }
check "only scapkit_ names are exported: $(foreign)" [ -z "$(foreign)" ]

check "bash loads the completions" bash -n "$prefix"/share/bash-completion/completions/*
check "zsh loads the completions" zsh -n "$prefix"/share/zsh/site-functions/_*
