make_capture c.scap 100
try() { scapread -r c.scap "$@"; echo "status $?"; }
try evt.typ=openat
try evt.type=
try 'evt.type=openat and'
try 'evt.type=openat && evt.cpu=1'
try '(evt.type=openat || evt.cpu=1)'
try -p '%evt.nun'
try -p '%proc.name %'
try --filter-file missing
