"""From an ASGI scope to a response: reading, dispatch, proxies, errors, sending."""
