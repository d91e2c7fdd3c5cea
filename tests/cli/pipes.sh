make_capture c.scap 5000
n=$(scapread -r c.scap --count)
[ "$(scapread -r - --count < c.scap)" = "$n" ] && echo redirected
# shellcheck disable=SC2002 # a pipe is the point
[ "$(cat c.scap | scapread -r - --count)" = "$n" ] && echo piped
[ "$(scapread -r c.scap -w - | scapread -r - --count)" = "$n" ] && echo twice
# slowly: the header comes in pieces
[ "$( (head -c 10 c.scap; sleep 0.2; tail -c +11 c.scap) | scapread -r - --count)" = "$n" ] && echo slowly
: | scapread -r -; echo "status $?"
echo hello there, this is not a capture at all | scapread -r -; echo "status $?"
