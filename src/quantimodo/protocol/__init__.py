"""The rules of OAuth 2 and OpenID Connect, pure: standard library only, no clock, no I/O."""
