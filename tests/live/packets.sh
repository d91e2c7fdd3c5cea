#!/usr/bin/env bash
# Packets and system calls in one file: scapcap -i, --packets.
. "$(dirname "$0")/live.sh"
need_engine
cd "$TMP" || exit 1
head -c 100000 /dev/urandom >body
/usr/bin/python3 -m http.server --bind 127.0.0.1 0 >port 2>&1 &
server=$!
children+=("$server")
for ((i = 0; i < 250; i++)); do
	port=$(sed -nE 's/.* port ([0-9]+) .*/\1/p' port)
	[ -z "$port" ] || break
	sleep 0.02
done
fetch=(curl -s -o got "http://127.0.0.1:$port/body")

# As many packets as tcpdump sees, with the same bytes, in order of time among the calls.
tcpdump -i lo -s 0 -w real.pcap --immediate-mode -U "tcp port $port" 2>tcpdump.err &
dump=$!
children+=("$dump")
for ((i = 0; i < 250; i++)); do
	! grep -qs listening tcpdump.err || break
	sleep 0.02
done
# The capture's end is no earlier than the connection's, whose server may be slow to close it.
cat >to_the_end <<-SH
	"\$@"
	while grep -qE ':$(printf %04X "$port") [0-9A-F:]+ (0[1-589B])' /proc/net/tcp; do sleep 0.02; done
SH
scapcap -i lo --packets "tcp port $port" -w mix.scap -- sh to_the_end "${fetch[@]}" 2>err || wrong "status $?: $(cat err)"
cmp body got || wrong "curl got something else"
for ((i = 0; i < 250; i++)); do
	[ "$(tcpdump -r real.pcap 2>/dev/null | wc -l)" -lt "$(scapinfo -j mix.scap | sed -nE 's/.*"packets":([0-9]+).*/\1/p')" ] || break
	sleep 0.02
done
kill -INT $dump
wait $dump 2>/dev/null
payload() { tshark -r "$1" -Y tcp -o tcp.desegment_tcp_streams:FALSE -T fields -e tcp.srcport -e tcp.seq -e tcp.len -e tcp.payload 2>/dev/null; }
same "packets" "$(payload mix.scap | md5sum)" "$(payload real.pcap | md5sum)"
n=$(tshark -r real.pcap 2>/dev/null | wc -l)
[ "$n" -gt 8 ] || wrong "only $n packets were there"
grep -q " and $n packets in mix.scap" err || wrong "scapcap says: $(cat err)"
same "packets in scapinfo" "$(scapinfo -j mix.scap | grep -o '"packets":[0-9]*,"foreign')" "\"packets\":$n,\"foreign"
same "packets in scapread" "$(scapread -r mix.scap | grep -c ' - packet lo ')" "$n"
scapread -r mix.scap -t a | awk '{ if ($2 < last) bad++; last = $2 } END { exit bad > 0 }' || wrong "not in order of time"
# the handshake's first packet comes before connect returns, and behind the call in front of it
first=$(scapread -r mix.scap evt.type=connect --packets | grep -n -m1 'packet lo .* \[syn\]' | cut -d: -f1)
connect=$(scapread -r mix.scap evt.type=connect --packets | grep -n -m1 " connect .*:$port" | cut -d: -f1)
[ "$first" -lt "$connect" ] || wrong "SYN is line $first, connect is line $connect"

# A filter chooses events; packets are asked for. Everything is kept by -w, --repair, a pipe.
same "with a filter" "$(scapread -r mix.scap evt.type=connect | grep -c packet)" 0
scapread -r mix.scap -w copy.scap || wrong "-w"
scapedit --comment x mix.scap edited.scap || wrong "scapedit"
scapread -r mix.scap -w - | scapread -r - >piped || wrong "a pipe"
for f in copy.scap edited.scap; do
	same "$f" "$(scapread -r $f | md5sum)" "$(scapread -r mix.scap | md5sum)"
done
same "a pipe" "$(md5sum <piped)" "$(scapread -r mix.scap | md5sum)"
same "JSON" "$(scapread -r mix.scap -j | grep -c '"packet.proto":"tcp"')" "$n"
reordercap mix.scap moved.scap >/dev/null && same "moved" "$(scapread -r moved.scap | md5sum)" "$(scapread -r mix.scap | md5sum)"

# -F pcapng keeps the real packets and does not rebuild what they show; without them it does.
scapread -r mix.scap -F pcapng -w net.pcapng || wrong "-F pcapng"
same "real packets" "$(payload net.pcapng | md5sum)" "$(payload real.pcap | md5sum)"
scapread -r mix.scap -F pcapng -w net.pcapng proc.name=curl || wrong "-F pcapng with a filter"
same "rebuilt" "$(tshark -r net.pcapng -Y http.request -T fields -e frame.interface_name 2>/dev/null)" sockets

# As fast as can be: what is not recorded is counted, each packet once.
cat >burst.py <<-'PY'
	import socket
	to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	to.bind(("127.0.0.1", 0))
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	s.connect(to.getsockname())
	for i in range(20000):
	    s.send(b"number %05d" % i)
PY
scapcap -q -i lo --packets 'udp and udp[8:4] = 0x6e756d62' -w burst.scap evt.type=execve -- /usr/bin/python3 burst.py 2>err || wrong "a burst: $(cat err)"
n_burst=$(scapread -r burst.scap 2>/dev/null | grep -c ' - packet lo ')
n_lost=$(lost burst.scap)
same "packets of a burst that are there or counted" $((n_burst + n_lost)) 20000
at_least "packets of a burst" "$n_burst" 100
measured "a burst of 20000 packets: $n_burst recorded, $n_lost lost"

# ptrace too; printing; words of libpcap.
scapcap --engine=ptrace -q -i lo --packets "tcp port $port" -w p.scap -- "${fetch[@]}" || wrong "ptrace"
[ "$(scapread -r p.scap | grep -c ' - packet lo ')" -gt 8 ] || wrong "no packets beside ptrace"
scapcap -q -i lo --packets "tcp port $port" -- "${fetch[@]}" | grep -q ' - packet lo .* bytes tcp ' || wrong "not printed"
! scapcap -i lo --packets 'tcp prt 80' -w x.scap -- true 2>err || wrong "a bad filter is taken"
grep -q "^scapcap: --packets: .*syntax error" err || wrong "$(cat err)"
! scapcap -i nonesuch0 -w x.scap -- true 2>err || wrong "an interface that there is not is taken"
grep -q "^scapcap: -i nonesuch0: No such device" err || wrong "$(cat err)"
[ ! -e x.scap ] || wrong "a file all the same"
scapcap -i lo -F scap -w x.scap -- true 2>err
same "status of -i with -F scap" $? 2
finish
