# strace's view of captures
samples=$HERE/../../samples
scapread -r "$samples/failing.scap" --strace='-f -e trace=openat,socket,connect,close -Z' | head -n 5
scapread -r "$samples/curl.scap" --strace='-f -e trace=%network' | head -n 6
scapread -r "$samples/curl.scap" --strace='-f -tt -T -y -s 8 -e trace=read,write' | head -n 4
scapread -r "$samples/curl.scap" --strace='-ttt -r -x -n -e trace=read' | head -n 3
scapread -r "$samples/script.scap" --strace='-f -e trace=%process' | head -n 40
scapread -r "$samples/script.scap" --strace='-f -e trace=none -e signal=none'
scapread -r "$samples/script.scap" --strace='-f -qq -P /etc/passwd' | head -n 3
scapread -r "$samples/blocked.scap" --strace='-f -a 60 -e trace=clock_nanosleep,read,futex' | tail -n 4
scapread -r "$samples/failing.scap" --strace='-f -c -S calls -U calls,name' | head -n 3
# every call of a capture, and the same in files of their own
make_capture c.scap 3000
scapread -r c.scap --strace='-ff -o out'; cat out.* | wc -l
cat out.* | grep -vc '^[a-z0-9_]*(.*) *= .*$'
scapread -r c.scap --strace=-f | grep -vc resumed
scapstrace -r c.scap -f -e trace=execve | head -n 2
scapstrace --read c.scap -c | tail -n 1
try() { scapread -r c.scap "--strace=$1"; echo "status $?"; }
try '-e trace=nonsense'
try '-e trace=?nonsense'
try -Q
try 'ls -l'
try "-e 'trace=open"
try '-e signal=SIGNOTHING'
try '-s 1000000'
scapstrace; echo "status $?"
