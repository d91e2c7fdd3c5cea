# parts: by number, by time, by a filter; what is known of processes goes along
make_capture c.scap 20000
format='*%evt.rawtime %thread.tid %evt.type %proc.name %proc.pname %fd.name %evt.args'
scapedit --events 5001:5100 c.scap part.scap
cmp <(scapread -D -r c.scap -p "$format" | sed -n 5001,5100p) <(scapread -D -r part.scap -p "$format") && echo "events: same"
cmp <(scapread -D -r c.scap -p "$format" --events 5001:5100) <(scapread -D -r part.scap -p "$format") && echo "scapread --events: same"
scapedit --time +0.001..+0.002 c.scap part.scap
scapread -D -r part.scap -p '%evt.rawtime' | sed -n '1p;$p'
scapread -D -r c.scap -p '%evt.rawtime' --time +0.001..+0.002 | sed -n '1p;$p'
scapread -D -r c.scap -p '%evt.rawtime' --time 22:13:20.001..22:13:20.002 | sed -n '1p;$p'
scapread -D -r c.scap -p '%evt.rawtime' --time 1700000000.001..1700000000.002 | sed -n '1p;$p'
scapread -r c.scap --time +10.. --count
# two halves are the whole, and so are the parts of a filter
scapedit --events :7000 c.scap a.scap
scapedit --events 7001: c.scap b.scap
scapedit a.scap b.scap ab.scap
cmp <(scapread -D -r c.scap -p "$format") <(scapread -D -r ab.scap -p "$format") && echo "halves: same"
cmp <(scapread -D -r c.scap -p "$format") <(scapread -D -r b.scap -r a.scap -p "$format") && echo "scapread -r -r: same"
scapedit --filter 'evt.type in (read, openat)' c.scap a.scap
scapedit --filter 'not evt.type in (read, openat)' c.scap b.scap
scapedit b.scap a.scap ab.scap
cmp <(scapread -D -r c.scap -p "$format" | sort) <(scapread -D -r ab.scap -p "$format" | sort) && echo "parts: same"
# another format and back, another comment
scapedit -F scap c.scap new.scap
scapedit --comment 'there and back' -F native new.scap native.scap
cmp <(scapread -D -r c.scap -p "$format" evt.type!=exit_group) <(scapread -D -r native.scap -p "$format" evt.type!=exit_group) && echo "formats: same"
scapinfo native.scap | grep comment
scapedit --comment x --events 1:10 c.scap part.scap && scapinfo part.scap | grep -E '^(comment|events)'
# what cannot be
scapedit c.scap x.scap
scapedit --comment x -F scap c.scap x.scap
scapedit --events 5 c.scap x.scap
scapedit --events 9:5 c.scap x.scap
scapedit --time 12:00 c.scap x.scap
scapedit --filter evt.type=opeat c.scap x.scap
scapedit --events 1:2 c.scap c.scap
scapedit c.scap nowhere.scap x.scap
# damage, with more than a copy asked for
head -c 60000 c.scap > cut.scap
scapedit -F scap cut.scap x.scap
scapedit --repair -F scap cut.scap x.scap
true
