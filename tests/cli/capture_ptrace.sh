# a traced command is as untraced: its streams, its status, its signals; and a filter stops it for few calls only
c() { scapcap --engine=ptrace -q "$@"; }
echo 'standard input' | c -w a.scap -- sh -c 'cat; echo words >&2; exit 7'; echo "status $?"
c -w b.scap -- sh -c 'kill -TERM $$'; echo "status $?"
c -w c.scap -- sh -c 'trap "echo caught; exit 3" USR1; kill -USR1 $$; exit 4'; echo "status $?"
c -w d.scap -- ./nothing; echo "status $?"
# a file that cannot be: the command is held already, and ends without having begun
timeout 20 scapcap --engine=ptrace -q -w missing/x.scap evt.type=openat -- touch began; echo "status $?"; ls began 2>&-
# a stop is no end
c -w e.scap -- sh -c '(for i in 1 2 3 4 5; do sleep 0.2; kill -CONT $$; done) & kill -STOP $$; echo continued; wait; exit 5'; echo "status $?"
for f in a b c; do scapread -r $f.scap -p '%evt.type' 'evt.type in (execve, procexit)' | sort | uniq -c; done
scapread -r b.scap -p '*%evt.type sig=%evt.arg.sig' 'evt.type in (kill, procexit, signaldeliver)'

# printed at once, with a filter on a type: all else goes on without a stop
c --format '%proc.name %evt.type %evt.rawres' evt.type=mkdir -- sh -c 'mkdir one; cd one; mkdir two; ls' | sort
scapread -r a.scap -p '%evt.cpu' -n 1 | wc -l

# the table, or the calls, beside the file; the environment
c -c -U calls,name -S name -w both.scap -- sh -c 'exit 0' 2>table
scapread -r both.scap -c -U calls,name -S name | cmp - table && echo 'the same table'
c --strace='-f -e trace=exit_group' -w both.scap -- sh -c 'exit 9' 2>calls; echo "status $?"; cat calls
c -E ONE=1 -E HOME -E TWO= -w both.scap -- sh -c 'echo "$ONE ${HOME-none} $TWO."'
scapstrace -E ONE=2 -o calls -A -e trace=none sh -c 'echo $ONE'; cat calls
rm both.scap table calls

# -p
sh -c 'while [ ! -e go ]; do sleep 0.05; done; mkdir three; exit 6' &
pid=$!
scapcap --engine=ptrace --format '%proc.name %evt.type' -p $pid 'evt.type in (mkdir, procexit) and proc.name=mkdir' >printed 2>err &
until grep -qs capturing err; do sleep 0.05; done
: >go
wait $pid; echo "status $?"
wait; cat printed err
rm printed
ls

scapcap --engine=ptrace; echo "status $?"
scapcap --engine=ptrace --cgroup x -- true; echo "status $?"
