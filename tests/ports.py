"""Ports for the demo, which takes three in a row."""

import socket
from contextlib import suppress

from tests.running import unused_port


def three_unused() -> int:
    """The first of three ports in a row that nobody uses."""
    while True:
        first = unused_port()
        with socket.socket() as second, socket.socket() as third, suppress(OSError):
            second.bind(("127.0.0.1", first + 1))
            third.bind(("127.0.0.1", first + 2))
            return first
