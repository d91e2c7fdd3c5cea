# a signal while waiting for more: what has come is printed, the status is good
make_capture c.scap 20000
mkfifo pipe
scapread -r pipe -q &
reader=$!
exec 3> pipe
head -c 5000 c.scap >&3
# it takes SIGTERM, and is asleep
until [ $((0x$(sed -n 's/^SigCgt:[[:space:]]*//p' /proc/$reader/status) & 0x4000)) != 0 ] && grep -q '^State:.S' /proc/$reader/status; do
	sleep 0.05
done
kill -TERM $reader
wait $reader
echo "status $?"
