"""The interactive flow between an authorization request and its response: stored requests,
interactions and their steps, consents."""
