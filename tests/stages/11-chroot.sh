#!/usr/bin/env bash
# a bare Debian 12 (debootstrap): quickstart as root, again, and as an ordinary user
. "$(dirname "$0")/../stage.sh"

if [ "$(id -u)" != 0 ]; then
	skip "chroot: debootstrap and mount need root"
	exit 0
fi
bare=$TMP/bare
mirror=http://deb.debian.org/debian

# shellcheck disable=SC2317  # called by the trap
clean_up() {
	local m
	for m in dev sys proc; do
		mountpoint -q "$bare/$m" && umount -R -l "$bare/$m"
	done
	rm -rf --one-file-system "$bare"
}
trap clean_up EXIT

check "debootstrap" debootstrap --variant=minbase bookworm "$bare" "$mirror" || exit 1
# Slaves: what happens to mounts in there must not reach this machine's.
mount_all() {
	mount -t proc proc "$bare/proc" &&
		mount --rbind --make-rslave /sys "$bare/sys" &&
		mount --rbind --make-rslave /dev "$bare/dev"
}
check "mount proc, sys and dev" mount_all || exit 1
cp /etc/resolv.conf "$bare/etc/resolv.conf"
for f in /etc/apt/apt.conf.d/*proxy*; do
	[ ! -f "$f" ] || cp "$f" "$bare/etc/apt/apt.conf.d/"
done

# What a clone has: what git knows of, in its present state.
copy_source() {
	mkdir -p "$bare$1"
	if git -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1; then
		(cd "$ROOT" && git ls-files -co --exclude-standard -z |
			while IFS= read -r -d '' f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done |
			tar cf - --null -T -) | tar xf - -C "$bare$1" --no-same-owner
	else
		tar cf - -C "$ROOT" --exclude='./build*' . | tar xf - -C "$bare$1" --no-same-owner
	fi
}
inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root chroot "$bare" "$@"; }

copy_source /root/scapkit
start=$SECONDS
inside /root/scapkit/quickstart >"$TMP/first" 2>&1 </dev/null
status=$?
cat "$TMP/first"
check "quickstart on a bare machine: status $status" [ $status = 0 ] || exit 1
measured "quickstart on a bare machine took $((SECONDS - start)) s"
if [ "$(grep -c ' openat ' "$TMP/first")" -ge 5 ] && grep -q 'captured in curl.scap' "$TMP/first" &&
	grep -q 'curl .* openat ' "$TMP/first"; then
	pass "it ends with openat lines of a real curl"
else
	fail "it does not end with openat lines of a real curl"
fi

start=$(date +%s%N)
inside /root/scapkit/quickstart >"$TMP/second" 2>&1 </dev/null
status=$?
took=$((($(date +%s%N) - start) / 1000000))
check "quickstart again: status $status" [ $status = 0 ] || cat "$TMP/second"
check "quickstart again installs nothing" grep -q 'Everything needed is installed' "$TMP/second"
measured "the second quickstart took $took ms"
if pgrep -f 'http.server 0 --bind 127.0.0.1 --directory /tmp' >/dev/null; then
	fail "quickstart leaves its server behind"
else
	pass "quickstart leaves no server behind"
fi

inside useradd -m ada
copy_source /home/ada/scapkit
inside chown -R ada: /home/ada/scapkit
inside setpriv --reuid=ada --regid=ada --clear-groups env HOME=/home/ada \
	/home/ada/scapkit/quickstart >"$TMP/ada" 2>&1 </dev/null
status=$?
if [ $status = 0 ] && grep -q 'You are not root' "$TMP/ada" && grep -q ' openat ' "$TMP/ada"; then
	pass "quickstart as an ordinary user reads the sample"
else
	cat "$TMP/ada"
	fail "quickstart as an ordinary user: status $status"
fi
