# a signal while waiting for more: what has come is printed, the status is good
make_capture c.scap 20000
mkfifo pipe
scapread -r pipe -q &
reader=$!
exec 3> pipe
head -c 5000 c.scap >&3
sleep 0.5
kill -TERM $reader
wait $reader
echo "status $?"
