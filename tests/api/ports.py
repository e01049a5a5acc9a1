"""Ports for servers that must be told theirs: none of those that the kernel gives to clients or to who asks for
port 0, so that nobody takes one by chance between our looking and the server's coming."""

import random
import socket

FIRST, LAST = 12000, 32000  # the kernel's begin at 32768


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count=1):
    """The first of some that follow one another."""
    choose = random.SystemRandom()  # two processes at once, and a test that seeds the other one, differ
    while True:
        port = choose.randrange(FIRST, LAST, count)
        if all(map(is_free, range(port, port + count))):
            return port
