make_capture c.scap 1000
before=$(md5sum < c.scap)
scapread -r c.scap -w c.scap; echo "status $?"
ln c.scap link.scap
scapread -r c.scap -w link.scap; echo "status $?"
ln -s c.scap symlink.scap
scapread -r symlink.scap -w c.scap; echo "status $?"
# shellcheck disable=SC2094 # reading and writing one file is the point
scapread -r - -w c.scap < c.scap; echo "status $?"
[ "$before" = "$(md5sum < c.scap)" ] && echo untouched
scapread -r c.scap -w missing/x.scap; echo "status $?"
