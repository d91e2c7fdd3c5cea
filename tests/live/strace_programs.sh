# shellcheck shell=bash disable=SC2317
# The twelve programs that are compared with strace, for scripts that have read live.sh: prepare_NAME fills an
# empty folder, commands[NAME] runs there, beside_NAME is done beside it.
#
#	in_work NAME TRACER ARGUMENT...		the program under the tracer, always in the same folder
work=$TMP/work
# shellcheck disable=SC2034  # for who reads this
all_programs="ls cat cp tar curl python git gcc bash nginx redis threads"
free_port() { /usr/bin/python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free_port)
start_server

prepare_files() {
	local i
	mkdir -p folder/below
	for i in 1 2 3 4 5 6 7 8; do
		seq 1 $((i * 200)) >"folder/file.$i"
		echo "below $i" >"folder/below/$i"
	done
	ln -s file.1 folder/link
	touch -d 2026-01-02T03:04:05Z folder/* folder/below/* folder
}
prepare_ls() { prepare_files; }
prepare_cat() { prepare_files; }
prepare_cp() { prepare_files; }
prepare_tar() { prepare_files; }
prepare_git() {
	prepare_files
	export GIT_AUTHOR_DATE=2026-01-02T03:04:05Z GIT_COMMITTER_DATE=2026-01-02T03:04:05Z
	{ git init -q -b main . && git add folder && git -c user.name=a -c user.email=a@b commit -q -m one; } || return
	echo more >>folder/file.2
	echo new >folder/new
	# once the index is older than what it lists, it is not written anew
	touch -d 2026-01-03T03:04:05Z folder/file.2 folder/new
	sleep 1.1
	git status >/dev/null
}
prepare_python() {
	cat >script.py <<-'PY'
		import json, os, subprocess
		with open("data.json", "w") as f:
		    json.dump({"list": list(range(50)), "text": "x" * 100}, f)
		with open("data.json") as f:
		    print(len(json.load(f)["list"]))
		os.mkdir("folder")
		print(sorted(os.listdir(".")))
		print(subprocess.run(["/bin/echo", "from a child"], stdout=subprocess.PIPE).stdout)
	PY
}
prepare_gcc() { printf '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n' >hello.c; }
prepare_bash() {
	prepare_files
	cat >script <<-'SH'
		for i in 1 2 3; do
		    cat folder/file.$i | sort -r | tail -n 2 | tr 0-9 a-j
		done
		count=$(ls folder | wc -l)
		[ "$count" -gt 3 ] && echo "many: $count"
		trap 'echo caught' USR1
		kill -USR1 $$
		(exit 3) || echo "status $?" >status
	SH
}
prepare_nginx() {
	mkdir -p html logs
	for i in 1 2 3; do seq 1 $((i * 100)) >"html/page.$i"; done
	cat >nginx.conf <<-CONF
		daemon off;
		user root;
		worker_processes 1;
		pid nginx.pid;
		error_log logs/error.log;
		events { worker_connections 64; }
		http {
		    access_log logs/access.log;
		    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
		    server { listen 127.0.0.1:$port; root html; }
		}
	CONF
}
beside_nginx() {
	local i
	"$BUILD/tests/live/await_server" "$port"
	for i in 1 2 3 1 2 3 1 2 3 4; do
		curl -s -o /dev/null "http://127.0.0.1:$port/page.$i"
		sleep 0.05
	done
	kill -QUIT "$(cat nginx.pid)"
}
prepare_redis() {
	mkfifo ready
	cat >script <<-SH
		redis-server --port $port --save '' --appendonly no --dir . --io-threads 1 >log &
		read -r go <ready
		redis-cli -p $port set one 1 >answers
		redis-cli -p $port incr one >>answers
		redis-cli -p $port rpush list a b c d >>answers
		redis-cli -p $port lrange list 0 -1 >>answers
		redis-cli -p $port shutdown nosave
		wait
	SH
}
beside_redis() {
	"$BUILD/tests/live/await_server" "$port"
	timeout 30 sh -c 'echo go >ready'
}

declare -A commands=(
	[ls]="/bin/ls -l folder"
	[cat]="/bin/cat folder/file.1 folder/file.2 folder/none"
	[cp]="/bin/cp -r folder copy"
	[tar]="/bin/tar cf copy.tar folder"
	[curl]="/usr/bin/curl -s -o page $url"
	[python]="/usr/bin/python3 script.py"
	[git]="/usr/bin/git status"
	[gcc]="/usr/bin/gcc -o hello hello.c"
	[bash]="/bin/bash script"
	[nginx]="nginx -p $work/ -c nginx.conf"
	[redis]="/bin/bash script"
	[threads]="$BUILD/tests/live/strace_threads"
)
# in_work NAME TRACER...: the program in a new folder of the same name, with the same environment; how many
# microseconds it took is in $TMP/took
in_work() {
	local name=$1 beside='' status
	shift
	rm -rf --one-file-system "${work:?}"
	mkdir "$work"
	(
		cd "$work" || exit
		! declare -F "prepare_$name" >/dev/null || "prepare_$name" || exit
		! declare -F "beside_$name" >/dev/null || { "beside_$name" >/dev/null 2>&1 & beside=$!; }
		read -r -a command <<<"${commands[$name]}"
		began=${EPOCHREALTIME/./}
		timeout -k 5 60 env -i PATH="$BUILD:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME="$work" LC_ALL=C \
			PYTHONHASHSEED=0 setarch -R "$@" "${command[@]}" >"$TMP/out" 2>"$TMP/err" </dev/null
		status=$?
		echo $((${EPOCHREALTIME/./} - began)) >"$TMP/took"
		[ -z "$beside" ] || wait "$beside"
		[ $status != 124 ] && [ $status -lt 126 ]
	) || { cat "$TMP/err"; wrong "$name: $1 failed"; return 1; }
}
