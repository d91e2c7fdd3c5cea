#!/usr/bin/python3
"""Threads that are stuck: in read and write on pipes, in flock, in connect (TCP and unix), in openat of a fifo, in poll,
in futex. Prints "stuck PID PORT" when they are."""
import fcntl
import os
import select
import socket
import sys
import threading
import time

path = sys.argv[1]
reader, writer = os.pipe()
other_pipe = os.pipe()
held = open(path, "w")
fcntl.flock(held, fcntl.LOCK_EX)
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(1)
clients = []
os.mkfifo(path + ".fifo")
unix_server = socket.socket(socket.AF_UNIX)
unix_server.bind(path + ".sock")
unix_server.listen(0)


def read():
    os.read(reader, 100)


def lock():
    other = open(path, "w")
    fcntl.flock(other, fcntl.LOCK_EX)


def connect():
    """Nobody accepts: the third or fourth waits."""
    for _ in range(5):
        clients.append(socket.socket())
        clients[-1].connect(server.getsockname())


def connect_unix():
    for _ in range(5):
        clients.append(socket.socket(socket.AF_UNIX))
        clients[-1].connect(path + ".sock")


def open_fifo():
    os.open(path + ".fifo", os.O_RDONLY)


def write():
    """More than a pipe holds."""
    os.write(other_pipe[1], b"to whom it may concern " * 10000)


def poll():
    wanted = select.poll()
    wanted.register(reader, select.POLLIN)
    wanted.poll()


def sleeps():
    """What the other threads are asleep in; None while one of them is not."""
    found = []
    for tid in os.listdir("/proc/self/task"):
        if int(tid) == os.getpid():
            continue
        with open(f"/proc/self/task/{tid}/stat", encoding="latin-1") as f:
            state = f.read().rsplit(")", 1)[1].split()[0]
        with open(f"/proc/self/task/{tid}/syscall", encoding="ascii") as f:
            found.append((tid, f.read()))
        if state != "S":
            return None
    return found


def wait_until_stuck():
    """All threads asleep, in the same calls with the same arguments for a while."""
    before = None
    while not before or before != sleeps():
        before = sleeps()
        time.sleep(0.2)


for stuck in (read, lock, connect, connect_unix, open_fifo, write, poll):
    threading.Thread(target=stuck, daemon=True).start()
wait_until_stuck()
print("stuck", os.getpid(), server.getsockname()[1], flush=True)
mutex = threading.Lock()
mutex.acquire()
mutex.acquire()
