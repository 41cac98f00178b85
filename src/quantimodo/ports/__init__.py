"""Protocols of what the server needs from outside. No implementations."""
