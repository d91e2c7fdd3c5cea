#!/usr/bin/python3
"""Threads that are stuck: in read on a pipe, in flock, in connect, in futex. Prints "stuck PID" when they are."""
import fcntl
import os
import socket
import sys
import threading
import time

path = sys.argv[1]
reader, writer = os.pipe()
held = open(path, "w")
fcntl.flock(held, fcntl.LOCK_EX)
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(1)
clients = []


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


for stuck in (read, lock, connect):
    threading.Thread(target=stuck, daemon=True).start()
time.sleep(0.3)
print("stuck", os.getpid(), server.getsockname()[1], flush=True)
mutex = threading.Lock()
mutex.acquire()
mutex.acquire()
