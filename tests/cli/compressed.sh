# a capture that was compressed as a whole: read as it is, from a file and a pipe; damage of the compression is told
make_capture c.scap 20000
gzip -c c.scap > c.scap.gz
zstd -qc c.scap > c.scap.zst
scapread -r c.scap | sha256sum > plain
for f in c.scap.gz c.scap.zst; do
	scapread -r $f | sha256sum | diff plain - && echo "$f: the same lines"
	scapread -r - < $f | sha256sum | diff plain - && cat $f | scapread -r - | sha256sum | diff plain -; echo "status $?"
	scapinfo --verify $f | grep -E '^(events|packing|index|damage) '
	scapedit --comment 'once compressed' $f plain.scap; scapread -r plain.scap | sha256sum | diff plain -; echo "status $?"
done
half=$(($(stat -c %s c.scap.gz) / 2))
head -c $half c.scap.gz > cut.gz
scapread -r cut.gz -q 2> words; echo "status $?"
sed 's/at byte [0-9]*/at byte N/' words
scapinfo --verify cut.gz 2> /dev/null | sed -n 's/, [0-9]* events/, N events/; /^damage/p'
# what is compressed may be packets alone
printf '\n\r\r\n\034\0\0\0\115\74\53\32\1\0\0\0\377\377\377\377\377\377\377\377\034\0\0\0\1\0\0\0\24\0\0\0\1\0\0\0\0\0\4\0\24\0\0\0' | gzip > packets.pcapng.gz
scapread -r packets.pcapng.gz; echo "status $?"
