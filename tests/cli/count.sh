# counting in columns, counting by looking, and printing agree
make_capture c.scap 40000
for f in '' evt.type=openat evt.type=read 'evt.type in (open,openat)' thread.tid=100 proc.name=bash \
	'fd.name contains /etc' 'evt.type=read and fd.name contains /etc'; do
	a=$(scapread -r c.scap --count "$f")
	b=$(scapread -r c.scap -p '%evt.num' "$f" | wc -l)
	c=$(scapread -r c.scap -j "$f" | wc -l)
	echo "$f: $a $([ "$a" = "$b" ] && [ "$a" = "$c" ] && echo same)"
done
