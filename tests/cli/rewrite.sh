# a copy of everything is the same capture to every question
make_capture c.scap 20000
scapread -D -r c.scap -w copy.scap
stat -c %a copy.scap
cmp <(scapread -D -r c.scap) <(scapread -D -r copy.scap) && echo same
# a filtered copy knows the same names
scapread -r c.scap -w reads.scap evt.type=read and proc.name=dbstore
cmp <(scapread -r c.scap -p '%evt.time %proc.name %fd.name %evt.args' evt.type=read and proc.name=dbstore) \
	<(scapread -r reads.scap -p '%evt.time %proc.name %fd.name %evt.args') && echo same
scapread -r c.scap -z 19 -w small.scap -D
[ "$(stat -c %s small.scap)" -lt "$(stat -c %s c.scap)" ] && echo smaller
