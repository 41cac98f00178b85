"""Fixtures: a server with data."""

from support.gallery_fixtures import services

__all__ = ["services"]
