try() { scapread -r "$1"; echo "status $?"; }
try missing.scap
mkdir folder
try folder
: > empty
try empty
printf '\n\r\r\n1234' > short
try short
printf 'hello\n' > text
try text
printf '\037\213\010' > packed.gz
try packed.gz
cp "$(type -P true)" program
try program
printf '\324\303\262\241\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0' > packets.pcap
try packets.pcap
printf '\n\r\r\n\034\0\0\0\115\74\53\32\1\0\0\0\377\377\377\377\377\377\377\377\034\0\0\0\1\2\0\0\20\0\0\0\1\0\0\0\20\0\0\0' > genuine.scap
try genuine.scap
printf '\n\r\r\n\034\0\0\0\115\74\53\32\1\0\0\0\377\377\377\377\377\377\377\377\034\0\0\0\1\0\0\0\24\0\0\0\1\0\0\0\0\0\4\0\24\0\0\0' > packets.pcapng
try packets.pcapng
head -c 300 /dev/zero > zeros
try zeros
