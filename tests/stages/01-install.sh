#!/usr/bin/env bash
# installs what the build and the tests need (Debian packages)
. "$(dirname "$0")/../stage.sh"

packages=(
	git shellcheck pyflakes3 mandoc                 # reading the sources
	python3-zstandard                               # the second reader
	libclang-rt-14-dev                              # sanitizers and fuzzers with clang
	strace procps util-linux bzip2                  # what live tests compare with and run
	nginx-light redis-server redis-tools curl       # programs whose calls are compared with strace's
	tshark wireshark-common sysdig                  # others read our files
	wireshark-dev wireshark                         # the plugins, and whom they are for
	xvfb tesseract-ocr tesseract-ocr-eng            # a screen that nobody sees, and who reads it
	hyperfine                                       # who times programs
	tcpdump                                         # what rebuilt packets are compared with
	debootstrap                                     # a bare machine to build on
	qemu-system-x86 busybox-static cpio             # Debian's own kernel
	zsh                                             # its completion is loaded
)

check "packages of the build" "$ROOT/quickstart" --install || exit 1
missing=()
for name in "${packages[@]}"; do
	dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
done
if [ ${#missing[@]} = 0 ]; then
	pass "packages of the tests (all here)"
	exit 0
fi
as_root=()
if [ "$(id -u)" != 0 ]; then
	sudo -n true 2>/dev/null || {
		fail "not root and sudo asks for a password: sudo apt-get install ${missing[*]}"
		exit 1
	}
	as_root=(sudo -n)
fi
install() {
	"${as_root[@]}" apt-get update -qq &&
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends "${missing[@]}"
}
check "packages of the tests: ${missing[*]}" install
