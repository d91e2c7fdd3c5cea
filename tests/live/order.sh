#!/usr/bin/env bash
# Two CPUs that flood: events come out in order of time, across the CPUs, too.
. "$(dirname "$0")/live.sh"
need_engine
n=300000
[ -z "$FULL" ] || n=3000000
"$BUILD/tests/live/order" $n
status=$?
[ $status != 77 ] || exit 77
[ $status = 0 ] || wrong "the order of events"
finish
