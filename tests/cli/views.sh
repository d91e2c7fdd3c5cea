make_capture c.scap 400
for v in '' -A -x -X -b -v; do scapread -r c.scap $v -n 2 -p '%evt.args' evt.type=write; done
