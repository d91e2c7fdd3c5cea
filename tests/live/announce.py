#!/usr/bin/python3
"""Opens what can be opened, then takes the name that is captured, and asks after each file descriptor.

usage: announce.py FOLDER NAME

Prints "FD TYPE NAME" of each, as a capture that began to want this process then has to know it.
"""
import ctypes
import os
import socket
import sys

PR_SET_NAME = 15
F_GETFD = 1


def link(fd):
    return os.readlink(f"/proc/self/fd/{fd}")


def main():
    folder, name = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    files = []

    def add(kind, fd, text=None):
        if fd >= 0:
            files.append((fd, kind, text or link(fd)))

    add("file", os.open(folder + "/plain file", os.O_RDWR | os.O_CREAT))
    add("file", os.open(folder + "/gone", os.O_RDWR | os.O_CREAT), folder + "/gone (deleted)")
    os.unlink(folder + "/gone")
    add("directory", os.open(folder, os.O_RDONLY))
    add("file", os.open("/dev/null", os.O_WRONLY))
    add("pipe", os.pipe()[0])
    add("memfd", os.memfd_create("of-mine"))
    add("event", libc.eventfd(0, 0))
    add("eventpoll", libc.epoll_create1(0))
    add("inotify", libc.inotify_init1(0))
    add("timerfd", libc.timerfd_create(1, 0))
    add("signalfd", libc.signalfd(-1, ctypes.create_string_buffer(128), 0))
    add("pidfd", os.pidfd_open(os.getpid()), "anon_inode:[pidfd]")
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    port = server.getsockname()[1]
    add("ipv4", server.fileno(), f"127.0.0.1:{port}")
    client = socket.create_connection(server.getsockname())
    add("ipv4", client.fileno(), f"127.0.0.1:{client.getsockname()[1]}->127.0.0.1:{port}")
    six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    six.bind(("::1", 0))
    add("ipv6", six.fileno(), f"::1:{six.getsockname()[1]}")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(folder + "/socket")
    unix.listen()
    add("unix", unix.fileno(), folder + "/socket")
    abstract = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    abstract.bind("\0abstract")
    add("unix", abstract.fileno(), "abstract")
    libc.prctl(PR_SET_NAME, name.encode())
    for fd, kind, text in files:
        libc.fcntl(fd, F_GETFD)
        print(fd, kind, text)


main()
