# tables of calls and of anything
make_capture c.scap 2000
scapread -r c.scap -c -S calls
scapread -r c.scap -c -U name,calls,errors,p50,p99,max-time -S name evt.type in '(openat,read)'
scapread -r c.scap -cj -S errors evt.type in '(openat,read)'
scapread -r c.scap --per-process -U calls,name proc.pid in '(100,101)'
scapread -r c.scap --by evt.type --agg 'count,sum(evt.buflen),max(evt.latency),p99(evt.latency),distinct(fd.name)'
scapread -r c.scap --by evt.failed,evt.type -S evt.type evt.failed=true
scapread -r c.scap --by proc.name,fd.num -j evt.type=close | head -n 3
scapread -r c.scap --agg 'count,min(evt.latency),avg(evt.latency)'
scapread -r c.scap --hist evt.latency
scapread -r c.scap --hist evt.latency -j --by evt.type evt.type=read
scapread -r c.scap --tree | head -n 8
scapread -r c.scap --tree -j | head -n 2
# the same from the columns as from the events
scapread -r c.scap -c >a; scapread -r c.scap -c 'proc.pid exists' >b; cmp a b && echo same
try() { scapread -r c.scap "$@"; echo "status $?"; }
try -c --tree
try --by evt.type -p %evt.num
try -S calls
try -c -S speed
try -U calls,
try --agg 'sum(proc.name)'
try --agg 'sum(evt.latency'
try --agg 'median(evt.latency)'
try --agg 'p101(evt.latency)'
try --by evt.typ
try --by evt.type -S count,
try --hist proc.name
try --hist evt.latency --agg count
