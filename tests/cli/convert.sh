# for sysdig and Falco of today, and back: every event with every argument; calls that have no event there lose theirs
make_capture c.scap 20000
args='*%evt.rawtime %evt.cpu %thread.tid %evt.type %proc.name %fd.name %evt.args'
scapread -D -r c.scap -w new.scap -F scap
cmp <(scapread -D -r c.scap -p "$args" evt.type!=exit_group) <(scapread -D -r new.scap -p "$args" evt.type!=exit_group) && echo "scap: same"
# for sysdig 0.29: entry and exit events
scapread -D -r c.scap -w old.scap -F scap-legacy
scapread -r old.scap --count evt.type=openat
scapread -r c.scap --count evt.type=openat
# compressed it says the same, to standard output too
scapread -D -r c.scap -w - -F scap -z 6 | zcat | cmp - new.scap && echo "gzip: same"
# a part of it knows the same names
scapread -r c.scap -w part.scap -F scap evt.type=read and proc.name=dbstore
cmp <(scapread -r c.scap -p "$args" evt.type=read and proc.name=dbstore) <(scapread -r part.scap -p "$args") &&
	echo "part: same"
scapread -r c.scap -w x -F pcap
scapread -r c.scap -F scap
# as packets: what sockets carried; other calls are none of theirs
scapread -r c.scap -w net.pcapng -F pcapng -n 100
head -c 4 net.pcapng | od -An -tx1
