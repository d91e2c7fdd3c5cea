# --explain needs no privileges and captures nothing
scapcap --explain proc.name=curl and evt.type=openat
scapcap --explain --user 0 evt.type=read or evt.type=write >out
grep -c uid out
scapcap --version | sed 's/[0-9.]*$/VERSION/'
scapcap --help | head -3
ls
