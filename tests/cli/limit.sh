make_capture c.scap 3000
scapread -r c.scap -n 2 -p '%evt.num %evt.type' evt.type=openat
scapread -r c.scap -n 2 --count evt.type=openat
scapread -r c.scap -n 2 -j evt.type=openat | wc -l
