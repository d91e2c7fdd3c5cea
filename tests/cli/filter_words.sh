make_capture c.scap 3000
scapread -r c.scap --count evt.type=openat and evt.failed=true
scapread -r c.scap --count 'evt.type=openat and evt.failed=true'
printf '# a comment\nevt.type=openat and\n  evt.failed=true\n' > f
scapread -r c.scap --count --filter-file f
scapread -r c.scap --count --filter-file f proc.name=bash or proc.name=cc1
echo 'evt.type=openat' | scapread -r c.scap --count --filter-file -
scapread -r c.scap -p '%evt.num %evt.type %fd.name' -n 3 fd.name startswith /etc
