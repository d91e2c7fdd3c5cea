scapread --check-filter evt.type=openat and fd.name contains /etc > explained; echo "status $?"
[ -s explained ] && echo explained
scapread --check-filter evt.type=opennat; echo "status $?"
