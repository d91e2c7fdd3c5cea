# scapstrace -r FILE, wherever it stands; strace's own -r in front of a command stays strace's
make_capture c.scap 2000
head -c 100 c.scap > cut.scap
: > empty.scap
mkdir folder
scapread -r c.scap --strace > want
try() { scapstrace "$@" | head -3 | diff - <(head -3 want) && echo same; }
try -r c.scap
cat c.scap | scapstrace -r - | diff want - && echo same
scapread -r c.scap --strace=-c > want
scapstrace -c -r c.scap | diff want - && scapstrace -r c.scap -c | diff want - && echo same
for f in missing.scap cut.scap empty.scap ./folder; do scapstrace -r $f; echo "status $?"; done
scapstrace -r -c -e trace=exit_group /bin/true 2> /dev/null; echo "status $?"
scapstrace no-such-command; echo "status $?"
# pids as pidof prints them; what is wrong with a table is wrong usage
sleep 60 & a=$!
sleep 60 & b=$!
timeout -s INT 2 scapstrace -p "$a $b" -p $a,$b -o live 2> /dev/null &
sleep 1
kill $a $b
wait
grep -c 'killed by SIGTERM' live
scapstrace -p 1,x; echo "status $?"
scapstrace -p '' ; echo "status $?"
scapstrace -c -S nonsense true; echo "status $?"
