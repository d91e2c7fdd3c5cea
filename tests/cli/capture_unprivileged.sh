# who may not capture with BPF is told what is missing; the old file stays, no new one appears, no command begins
cp "$(command -v scapcap)" .
chmod 755 . scapcap
echo old >old.scap
chmod 777 . ; chmod 666 old.scap
as_user() {
	if [ "$(id -u)" = 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi
}
as_user ./scapcap --engine=bpf -w old.scap -- touch began 2>words; echo "status $?"
as_user ./scapcap -w new.scap 2>>words; echo "status $?"
# the kernel refuses it, or it was left out of the build: both say what is needed
grep -cE '^scapcap: .*BPF .*(CAP_BPF|libbpf).* (is|are) needed' words; rm words
cat old.scap
ls
# a command is captured by ptrace instead
as_user ./scapcap -w new.scap -- touch began 2>err; echo "status $?"
head -1 err
scapread -r new.scap evt.type=openat | grep -c began
as_user ./scapcap -q -w new.scap -- false; echo "status $?"
rm -f scapcap
ls
