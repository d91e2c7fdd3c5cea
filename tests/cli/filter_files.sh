make_capture c.scap 3000
cat > defs.yaml <<'END'
# macros as Falco has them
- list: shells
  items: [cc1, zsh]
- macro: opens
  condition: evt.type=openat and evt.failed=true
END
printf -- '- filter: opens and proc.name in (shells)\n' > f.yaml
printf '# a comment\nevt.num < 100\n' > f.txt
scapread -r c.scap --count --filter-file defs.yaml opens
scapread -r c.scap --count --filter-file defs.yaml 'opens and not proc.name in (shells)'
scapread -r c.scap --count --filter-file defs.yaml --filter-file f.yaml
scapread -r c.scap --count --filter-file defs.yaml --filter-file f.yaml --filter-file f.txt not evt.cpu=17
scapread -r c.scap --filter-file defs.yaml opns; echo "status $?"
printf -- '- macro: x\n' > bad.yaml
scapread -r c.scap --filter-file bad.yaml; echo "status $?"
printf -- '- macro: x\n  condition: evt.tpe=1\n' > wrong.yaml
scapread -r c.scap --filter-file wrong.yaml 'evt.num=1 and x'; echo "status $?"
scapread --check-filter --filter-file defs.yaml opens
