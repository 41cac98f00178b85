"""Frozen values that every room speaks of. No behaviour beyond what the values alone decide."""
