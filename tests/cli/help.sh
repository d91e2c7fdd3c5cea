scapread --help | head -3
scapread --version | sed 's/[0-9][0-9.]*/VERSION/'
