make_capture c.scap 1000
scapread -r c.scap --count evt.type=procinfo
scapread -D -r c.scap --count evt.type=procinfo
scapread -r c.scap -w opens.scap evt.type=openat
scapread -r opens.scap -p '%evt.type' | sort | uniq -c
[ "$(scapread -D -r opens.scap --count)" = "$(scapread -r c.scap --count evt.type=openat)" ] && echo same
[ "$(scapread -DD -r opens.scap --count)" -gt "$(scapread -D -r opens.scap --count)" ] && echo more
