#!/usr/bin/python3
"""Drives a job-control shell on a terminal: Ctrl-C, Ctrl-Z, fg, bg, typed text, the process group, exit statuses.

usage: terminal.py SLEEP CAT [RUNNER...]

SLEEP and CAT are those programs, under names that no other process has. Every command is run under RUNNER; what the
shell and the command say is printed, step by step, without what differs between runs.
"""
import os
import pty
import re
import select
import signal
import sys
import time

WAIT_S = 15


def probe():
    """Says who has the terminal, and what comes from it."""
    def caught(number, frame):
        print("caught", signal.Signals(number).name, flush=True)
        sys.exit(5)
    signal.signal(signal.SIGINT, caught)
    print("foreground", os.getpgrp() == os.tcgetpgrp(0), "leader", os.getpgrp() == os.getpid() or os.getpgrp() == os.getppid(),
          "terminal", os.isatty(0), os.isatty(1), "stopped", signal.getsignal(signal.SIGTSTP) == signal.SIG_DFL, flush=True)
    while True:
        signal.pause()


class Terminal:
    def __init__(self):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="dumb", HISTFILE="/dev/null")
            os.execv("/bin/bash", ["bash", "--norc", "--noediting", "-i"])
        self.text = ""
        self.command("stty -echo -echoctl; PS1='READ''Y '; PS2=")
        self.until("READY ")

    def type(self, text):
        os.write(self.fd, text.encode())

    def command(self, text):
        self.type(text + "\n")

    def status(self):
        """What the shell says of the last command, when it is there again."""
        self.until("READY ")
        self.command("echo status $?")
        return self.until(r"status \d+")

    def until(self, pattern):
        """The text up to the pattern's end; what it matched."""
        end = time.time() + WAIT_S
        while True:
            match = re.search(pattern, self.text)
            if match:
                self.text = self.text[match.end():]
                return match.group()
            left = end - time.time()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise SystemExit(f"'{pattern}' does not come: {self.text!r}")
            self.text += os.read(self.fd, 4096).decode("utf-8", "replace").replace("\r", "")


def stats_of(name):
    """What /proc/PID/stat says behind the name, of the processes of this name: state, parent, group, session, terminal,
    its foreground group..."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as f:
                comm, rest = f.read().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        if comm == name:
            found.append(rest.split())
    return found


def wait_for(name, holds, wanted):
    for _ in range(WAIT_S * 50):
        stats = stats_of(name)
        if stats and all(holds(stat) for stat in stats):
            return
        time.sleep(0.02)
    raise SystemExit(f"{name} is {stats_of(name)}, not {wanted}")


def wait_state(name, *wanted):
    """T is stopped, S is asleep."""
    wait_for(name, lambda stat: stat[0] in wanted, wanted)


def wait_foreground(name):
    """Its group has the terminal, so that what is typed is for it."""
    wait_for(name, lambda stat: stat[0] == "S" and stat[2] == stat[5], "asleep in the foreground")


def say(*words):
    print(*words, flush=True)


def steps(t, run, sleeper, reader):
    nap, cat = os.path.basename(sleeper), os.path.basename(reader)

    def begin(command):
        t.until("READY ")
        t.command(f"{run} {command}")

    t.command("true")
    begin(f"/usr/bin/python3 {os.path.abspath(__file__)} --probe")
    say("group:", t.until(r"foreground .*\n").strip())
    t.type("\x03")
    say("Ctrl-C, caught:", t.until("caught SIGINT"), t.status())
    begin(f"{sleeper} 1000; echo not reached")
    wait_foreground(nap)
    t.type("\x03")
    say("Ctrl-C:", t.status())
    begin(reader)
    wait_foreground(cat)
    t.type("typed text\n")
    say("typed:", t.until("typed text"))
    t.type("\x04")
    say("Ctrl-D:", t.status())
    begin(f"{sleeper} 1000")
    wait_foreground(nap)
    t.type("\x1a")
    say("Ctrl-Z:", t.until("Stopped"), t.status())
    # under a tracer 't' is a stop, too
    wait_state(nap, "T", "t")
    t.until("READY ")
    t.command("fg")
    wait_foreground(nap)
    t.type("\x1a")
    say("fg, Ctrl-Z again:", t.until("Stopped"), t.status())
    t.until("READY ")
    t.command("bg; sleep 0.3; jobs -r | wc -l")
    say("bg, jobs that run:", t.until(r"(?m)^ *\d+$").strip())
    wait_state(nap, "S")
    t.until("READY ")
    t.command("fg")
    wait_foreground(nap)
    t.type("\x03")
    say("fg, Ctrl-C:", t.status())
    begin(f"{reader} &")
    say("reading in the background:", t.until(r"Stopped|\[1\]"))
    wait_state(cat, "T", "t")
    t.until("READY ")
    t.command("sleep 0.5; jobs | grep -c Stopped; kill -KILL %1; kill -CONT %1; wait %1 2>/dev/null")
    say("jobs stopped:", t.until(r"(?m)^\d+$"), t.status())
    begin("sh -c 'kill -TERM $$'")
    say("killed:", t.status())
    begin("sh -c 'exit 37'")
    say("exit:", t.status())
    t.until("READY ")
    t.command("exit")


def main():
    if sys.argv[1:] == ["--probe"]:
        probe()
    t = Terminal()
    try:
        steps(t, " ".join(sys.argv[3:]), sys.argv[1], sys.argv[2])
    finally:
        os.kill(t.pid, signal.SIGHUP)
        os.close(t.fd)
    os.waitpid(t.pid, 0)


main()
