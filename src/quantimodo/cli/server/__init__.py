"""The server's processes and connections: workers, the socket, the framing of requests."""
