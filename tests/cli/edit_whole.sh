# a new file is there when it is whole: a failure leaves nothing, and what was there stays
make_capture c.scap 20000
head -c 60000 c.scap > cut.scap
head -c 100 c.scap > nothing.scap
echo precious > x.scap
scapedit c.scap cut.scap x.scap; echo "status $?"
scapedit --comment x cut.scap x.scap; echo "status $?"
scapedit --repair nothing.scap x.scap; echo "status $?"
scapedit -F scap cut.scap y.scap; echo "status $?"
cat x.scap
ls
# a whole one takes the place of what was there; a link stays one
ln -s x.scap link.scap
scapedit --comment x c.scap link.scap; echo "status $?"
[ -L link.scap ] && scapread -r x.scap --count
stat -c %a x.scap
scapedit -z 19 c.scap small.scap; echo "status $?"
[ "$(stat -c %s small.scap)" -lt "$(stat -c %s c.scap)" ] && echo smaller
scapedit --comment x c.scap nowhere/x.scap; echo "status $?"
scapedit --comment x c.scap ""; echo "status $?"
mkdir folder
scapedit --comment x c.scap folder; echo "status $?"
scapedit --comment x c.scap folder/; echo "status $?"
# ended on the way: nothing is left
mkfifo pipe
scapedit --comment x pipe y.scap 2> /dev/null &
editor=$!
exec 3> pipe
head -c 50000 c.scap >&3
sleep 0.5
kill -KILL $editor
wait $editor 2> /dev/null
exec 3>&-
ls y.scap* 2> /dev/null
# a full disk is named
for f in native scap scap-legacy pcapng-events; do scapedit -F $f c.scap /dev/full; echo "status $?"; done
scapedit c.scap c.scap /dev/full; echo "status $?"
# a reader that goes away is no error
set -o pipefail
for f in native scap pcapng-events; do scapedit -F $f c.scap - | head -c 10 | wc -c; echo "status $?"; done
scapedit c.scap c.scap - | head -c 10 | wc -c; echo "status $?"
