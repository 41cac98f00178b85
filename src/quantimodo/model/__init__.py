"""Frozen values that all packages share. No behaviour beyond what the values alone decide."""
