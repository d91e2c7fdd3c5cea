scapread -l | grep -A1 '^  fd.name'
scapread -l -j | /usr/bin/python3 -c '
import json, sys
print(sum(json.loads(line)["name"] == "fd.name" for line in sys.stdin))'
scapread -l --markdown | head -2
scapread -L | grep ' openat('
scapread -L -j | /usr/bin/python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
print([p["name"] for r in rows if r["name"] == "openat" for p in r["params"]])'
scapread --list-syscalls | grep '^openat '
scapread --list-syscalls --markdown | grep openat2
