make_capture c.scap 100 0 3
scapread -r c.scap -q
scapread -r c.scap --count 2>&-
