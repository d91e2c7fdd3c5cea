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
scapstrace --capture c.scap -c | tail -n 1
# the table behind the lines, of what is chosen alone
scapread -r "$samples/curl.scap" --strace='-f -C -e trace=/^(send|recv) -S name -U calls,name' | tail -n 6
scapread -r "$samples/curl.scap" --strace='-f -c -e trace=!%network,%file,/e$ -U calls,name -S name'
scapread -r "$samples/curl.scap" --strace='-f -e trace=read@32,close@64 -e fd=4' | head -n 3
scapread -r "$samples/curl.scap" --strace='-f -e trace=read -e read=3 -e status=successful' | sed -n '1,6p'
scapread -r "$samples/curl.scap" --strace='-f -yy -e trace=%network' | sed -n '2,4p'
scapread -r "$samples/script.scap" --strace='-f --quiet=exit -e status=failed --absolute-timestamps=unix,ms --syscall-times=ns' | head -n 2
scapread -r "$samples/script.scap" --strace='-f -o appended -A -e trace=execve'
scapread -r "$samples/script.scap" --strace='-f -o appended -A -e trace=execve'; sort appended | uniq -c | awk '$1 != 2' | wc -l
try() { scapread -r c.scap "--strace=$1"; echo "status $?"; }
# classes of calls, of which some need no %, and no call's name does
for set in fstat newfstatat %fstat %%stat %net network; do scapread -r "$samples/curl.scap" --strace="-f -e trace=$set" | grep -c '('; done
try '-e trace=pure'
# twice: the second adds to the first
scapread -r "$samples/curl.scap" --strace='-f -o twice' --strace='-e trace=connect'; wc -l <twice
# a name that has no room for the thread's number is an error
scapread -r c.scap --strace="-ff -o $(printf %4095d 7 | tr ' ' x)" 2>&-; echo "status $?"
# what was not recorded is no number
scapread -r "$samples/curl.scap" --strace='-f -X raw -e raw=close -e trace=socket,close' | head -n 2
scapread -r "$samples/curl.scap" --strace='-f -X verbose -e trace=socket' | head -n 1
try '-X nonsense'
try '-e trace=/o['
try '-e status=nonsense'
try '-e fd=x'
try '-e inject=open:error=ENOENT'
try '-e kvm=vcpu'
try '-e nonsense=all'
try '--decode-fds=nonsense'
try '--absolute-timestamps=nonsense'
try '--syscall-times=minutes'
try "-o '|cat'"
for refused in -b\ execve -D -d -i -I\ 1 -k -O\ 10; do try "$refused"; done
try '-e trace=nonsense'
try '-e trace=?nonsense'
try -Q
try 'ls -l'
try "-e 'trace=open"
try '-e signal=SIGNOTHING'
try '-s 1000000'
scapstrace; echo "status $?"
