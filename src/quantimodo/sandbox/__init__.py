"""Fake sign-in providers for development, served by this server."""
