# what went wrong is said once, with the name of the tool and of the file; nothing fails in silence
try() { "$@"; echo "status $?"; }
make_capture c.scap 2000
head -c 100 c.scap > cut.scap
for t in scapcap scapread scapinfo scapedit scapstrace; do
	$t --help > /dev/full; echo "status $?"; $t --version > /dev/full; echo "status $?"
done
# several captures: it is not told as the first one's
try scapread -r c.scap -r cut.scap -q
try scapread -r - -r -
try scapread -r - < /dev/null
try scapinfo - < /dev/null
try scapinfo cut.scap 2> /dev/null | grep damage
try scapread -r c.scap -w x.scap -j
try scapread -r c.scap --strace -j
try scapread -r c.scap -pc -n 1
# an option that nearly is one
try scapread --sumary
try scapcap --engin=ptrace -- true
try scapedit --nothing-like-it
# the command was meant, and what -w writes is nothing without it
try scapcap ls -l
try scapcap -Z ls
try scapcap -z 3 -- true
try scapcap --comment x -- true
try scapcap --set-host x -- true
try scapcap --engine=ptrace --format %evt.typ -- true
scapcap --engine=ptrace -- true > /dev/full; echo "status $?"
try scapcap --engine=ptrace -qw /dev/full -- true
# a reader of a capture that goes away has not got all of it: that is told
# (it is gone before the command ends: what is written then is certain to find nobody)
scapcap --engine=ptrace -qw - -- sh -c 'until [ -e gone ]; do sleep 0.01; done' 2> err | {
	head -c 10 | wc -c
	exec 0<&-
	touch gone
}
echo "status ${PIPESTATUS[0]}"
grep -c 'Broken pipe$' err
# why a command does not start
echo 'exit 0' > script
mkdir folder
printf '#!/nowhere/sh\n' > lost
chmod +x lost
for c in ./script ./folder ./lost ./nothing nothing-at-all; do try scapcap --engine=ptrace -w kept.scap -- $c; done
ls kept.scap 2> /dev/null
scapcap --engine=ptrace -n 1 -w one.scap -- true 2>&1 | sed 's/ [0-9]* bytes//'
# a stretch of time past midnight, and one that ends before it begins
scapread -D -r c.scap --time 22:13:20..00:10 --count
try scapread -r c.scap --time +2..+1
# packets are rebuilt of what sockets carried: where that was nothing, it is said
scapread -r c.scap -F pcapng -w none.pcapng evt.type=execve; echo "status $?"
