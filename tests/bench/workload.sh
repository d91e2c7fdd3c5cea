#!/bin/bash
# A mix of everyday work for captures to measure with: ROUNDS times over, nothing is left behind.
# usage: workload.sh ROUNDS
set -u
folder=$(mktemp -d)
trap 'kill "$server" 2> /dev/null; rm -rf "$folder"' EXIT
mkdir "$folder/www"
head -c 20000 /dev/zero > "$folder/www/zeros"
cd "$folder/www" || exit 1
/usr/bin/python3 -m http.server --bind 127.0.0.1 18471 > /dev/null 2>&1 &
server=$!
cd "$folder" || exit 1
printf '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { return puts("hello") < 0; }\n' > hello.c
for _ in $(seq "$1"); do
	tar cf - /usr/include 2> /dev/null | cat > /dev/null
	find /usr/share /usr/lib -type f > files
	grep -rl NULL /usr/include/linux > /dev/null
	sort files | uniq | wc -l > /dev/null
	for _ in 1 2 3; do
		cc -o hello hello.c && ./hello
		for _ in 1 2 3 4 5; do
			curl -s -o page http://127.0.0.1:18471/zeros
			sed -n 5p files
			ls -l /usr/bin
		done
		/usr/bin/python3 -c 'import json, http.client, sqlite3; db = sqlite3.connect("x.db")
db.execute("create table if not exists t(a)")
for i in range(50):
    with db: db.execute("insert into t values (?)", (i,))'
	done > /dev/null
done
