"""Signing keys: the current, next and retired ones of each algorithm, and their rotation."""
