# each is a wrong usage of scapcap: status 2 and words that say what is wrong; nothing is captured
try() { timeout 20 scapcap "$@"; echo "status $?"; }
try -Z
try --nonsense
try --env=yes
try -w
try --buffer
try -w a -w b
try -n 0
try -n x
try -M 0
try -s 65536
try -s -1
try -z 20
try -t q
try --engine ptrace
try --buffer 100k
try --buffer 17G
try --buffer 1x
try --snapshot=some
try --user no-such-user-here
try -p 0
try -p me
try -p 1 -- true
try --no-follow
try -w a -j
try -w a --format %evt.type
try --
try -w a --
try 'evt.typ=read'
try evt.type=read and
try --user 0 'evt.type=read)'
try curl example.org
many=$(for i in $(seq 65); do echo "-p $i"; done)
# shellcheck disable=SC2086  # words
try $many
ls
try -E A=1 -p 1
try -E =1 -- true
try -u no-such-user-here -- true
try -c --format %evt.type -- true
