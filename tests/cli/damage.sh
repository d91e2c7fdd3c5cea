make_capture c.scap 60000
n=$(scapread -r c.scap --count)
size=$(stat -c %s c.scap)
# some bytes in the middle: one block is lost, the rest is read, and the sum is right
cp c.scap bad.scap
printf '\377\377\377\377' | dd of=bad.scap bs=1 seek=$((size / 2)) conv=notrunc status=none
scapread -r bad.scap > lines 2> words; echo "status $?"
m=$(wc -l < lines)
grep -c "^lost: $((n - m)) events ($((n - m)) in damaged blocks); damaged: bad.scap in 1 place" words
[ "$m" -lt "$n" ] && [ "$m" -gt $((n / 3)) ] && echo most
line="%evt.time %proc.name %evt.args"
# a copy has what could be read, and is whole
scapread -r bad.scap -w copy.scap 2> /dev/null; echo "status $?"
cmp <(scapread -r bad.scap -p "$line" 2> /dev/null) <(scapread -r copy.scap -p "$line" 2> words) && cat words
# cut off: what is whole is read
head -c $((size / 2)) c.scap > cut.scap
m=$(scapread -r cut.scap --count 2> words); echo "status $?"
grep -c '^scapread: cut.scap: truncated: it ends within the block' words
[ "$m" -lt "$n" ] && [ "$m" -gt $((n / 4)) ] && echo half
