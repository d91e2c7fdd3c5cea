make_capture c.scap 50
for t in a h r d D; do scapread -r c.scap -t $t -n 4 -p '%evt.outputtime %evt.type'; done
