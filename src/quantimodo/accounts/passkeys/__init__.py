"""Passkeys (Web Authentication): challenges, their check, adding and removing, sign-in."""
