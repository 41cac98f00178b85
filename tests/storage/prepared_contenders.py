"""Contenders that need not import the server first, which takes longer than most of them contend.

    python prepared_contenders.py SOCKET

Imports `contenders.py` once and listens at the socket. Each connection is a contender: a child of
this process, whose standard input and output are the connection. The first line that it reads is
the JSON of its arguments; the first line that it says is its process id. Ends with its standard
input.
"""

import json
import os
import select
import signal
import socket
import sys

from contenders import run


def _listen(address: str) -> socket.socket:
    """Returns in the children only: the connection."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no child stays as a zombie
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(100)
        print("ready", flush=True)
        while True:
            readable, _, _ = select.select([0, listener.fileno()], [], [])
            if 0 in readable:
                sys.exit()
            connection, _ = listener.accept()
            if os.fork() == 0:
                return connection
            connection.close()


if __name__ == "__main__":
    with _listen(sys.argv[1]) as accepted:
        os.dup2(accepted.fileno(), 0)
        os.dup2(accepted.fileno(), 1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    print(os.getpid(), flush=True)
    run(*json.loads(sys.stdin.readline()))
