"""quantimodo: a self-hosted identity and OAuth 2 / OpenID Connect server."""

__version__ = "0.1.0"
