# each is a wrong usage: status 2 and one line that says what is wrong
try() { scapread "$@"; echo "status $?"; }
try
try -Z
try --nonsense
try /etc/passwd
try -r
try -r a -r b
try -r a -n 0
try -r a -n x
try -r a -t q
try -r a -z 3
try -r a -w b -z 20
try --read
