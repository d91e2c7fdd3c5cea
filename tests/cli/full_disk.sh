make_capture c.scap 20000
scapread -r c.scap > /dev/full; echo "status $?"
scapread -r c.scap -j > /dev/full; echo "status $?"
scapread -r c.scap --count > /dev/full; echo "status $?"
scapread -l > /dev/full; echo "status $?"
scapread -r c.scap -w /dev/full; echo "status $?"
