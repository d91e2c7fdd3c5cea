# a reader that goes away is no error
make_capture c.scap 60000
set -o pipefail
scapread -r c.scap | head -2; echo "status $?"
scapread -r c.scap -j | head -1 | wc -l; echo "status $?"
scapread -r c.scap -w - | head -c 10 | wc -c; echo "status $?"
scapread -l | head -1; echo "status $?"
