make_capture c.scap 2000
scapread -r c.scap -j -n 6
# every line is an object, numbers are numbers
scapread -r c.scap -D -j | /usr/bin/python3 -c '
import json, sys
n = 0
for line in sys.stdin:
    e = json.loads(line)
    n += 1
    assert type(e["evt.num"]) is int and type(e["evt.time"]) is int and type(e["args"]) is dict, line
    for v in e["args"].values():
        assert v is None or isinstance(v, (int, str, list, dict)), line
print(n)'
scapread -r c.scap -j -p '%evt.num %proc.name %fd.name' -n 3 evt.type=read
scapread -r c.scap -j -p '*%evt.num %fd.name' -n 2
