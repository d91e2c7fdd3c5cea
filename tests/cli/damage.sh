make_capture c.scap 60000
n=$(scapread -r c.scap --count 2>&-)
size=$(stat -c %s c.scap)
# a byte in the middle: one block is lost, the rest is read
cp c.scap bad.scap
printf '\377\377\377\377' | dd of=bad.scap bs=1 seek=$((size / 2)) conv=notrunc status=none
m=$(scapread -r bad.scap --count 2> words); echo "status $?"
grep -c '^damaged: bad.scap in 1 place' words
[ "$m" -lt "$n" ] && [ "$m" -gt $((n / 3)) ] && echo most
# cut off: what is whole is read
head -c $((size / 2)) c.scap > cut.scap
m=$(scapread -r cut.scap --count 2> words); echo "status $?"
grep -ci truncated words
[ "$m" -lt "$n" ] && [ "$m" -gt $((n / 4)) ] && echo half
