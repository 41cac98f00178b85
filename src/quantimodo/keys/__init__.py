"""Signing keys: which one signs now, which are published, and when the next one comes."""
