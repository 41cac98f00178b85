"""The steps between an authorization request and its response, as stored state."""
