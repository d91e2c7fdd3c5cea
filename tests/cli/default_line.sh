make_capture c.scap 300
scapread -r c.scap | head -40
