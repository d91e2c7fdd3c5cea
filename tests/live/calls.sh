#!/usr/bin/env bash
# Known calls, native and 32-bit, are recorded parameter by parameter as they were made.
. "$(dirname "$0")/live.sh"
need_engine
programs=("$BUILD/tests/live/calls")
if [ ! -x "${programs[0]}" ]; then
	echo "skip: the calls are written for x86_64"
	exit 77
fi

# Where 32-bit programs can be built and run. Their headers are those of the native multiarch folder.
narrow=(gcc -m32 "-I/usr/include/$(gcc -print-multiarch)" -D_GNU_SOURCE -std=gnu17 -O1)
if echo 'int main(void) { return 0; }' | "${narrow[@]}" -x c -o "$TMP/narrow" - 2>"$TMP/err" && "$TMP/narrow"; then
	"${narrow[@]}" -o "$TMP/calls32" "$HERE"/calls*.c || wrong "the 32-bit calls do not compile"
	programs+=("$TMP/calls32")
else
	echo "not tried: 32-bit programs: $(tail -1 "$TMP/err") (libc6-dev-i386 and lib32gcc-12-dev are needed)"
fi

for program in "${programs[@]}"; do
	for snaplen in 80 0 65000; do
		mkdir -p "$TMP/$snaplen"
		/usr/bin/python3 "$HERE/calls.py" "$program" "$snaplen" "$TMP/$snaplen" "$TMP/seen" ||
			n_wrong=$((n_wrong + 1))
		rm -rf --one-file-system "${TMP:?}/$snaplen"
	done
done
/usr/bin/python3 "$HERE/calls.py" --covered "$TMP/seen" || n_wrong=$((n_wrong + 1))
finish
