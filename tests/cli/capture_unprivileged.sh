# who may not capture is told what is missing; the old file stays, no new one appears, no command begins
cp "$(command -v scapcap)" .
chmod 755 . scapcap
echo old >old.scap
chmod 777 . ; chmod 666 old.scap
as_user() {
	if [ "$(id -u)" = 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi
}
as_user ./scapcap -w old.scap -- touch began; echo "status $?"
as_user ./scapcap -w new.scap; echo "status $?"
rm scapcap
cat old.scap
ls
