# what the generated completion for bash offers: files, options, their values, fields, events, users, a command's words
for t in scapcap scapread scapinfo scapedit scapstrace; do
	# shellcheck disable=SC1090
	source "$BUILD/doc/$t" || exit 1
done
touch capture.scap
try() {
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	"_$1"
	echo "$*: $(printf '%s\n' "${COMPREPLY[@]}" | sort -u | head -4 | tr '\n' ' ')"
}
try scapread -r cap
try scapinfo cap
try scapread --num
try scapread -F scap-
try scapread --file-format = scap-
try scapread evt.laten
try scapread 'evt.type=read and proc.na'
try scapread evt.type = openat2
try scapread evt.failed = t
try scapread --by proc.name,evt.datetime.
try scapread -p '%proc.name %evt.datetime.'
try scapcap -u roo
try scapcap fd.typechar
try scapcap -- truncat
try scapedit --filter thread.vt
try scapstrace --summary-o
# every option of --help is offered
for t in scapcap scapread scapinfo scapedit scapstrace; do
	COMP_WORDS=("$t" -)
	COMP_CWORD=1
	"_$t"
	$t --help | grep -oE '^  +(-[a-zA-Z]|--[a-z0-9-]+)(, --[a-z0-9-]+)?' | tr -d ', ' | sed 's/^\(-[a-zA-Z]\)--/\1\n--/' |
		sort | diff - <(printf '%s\n' "${COMPREPLY[@]}" | sort) && echo "$t: all"
done
