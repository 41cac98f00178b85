"""The one guarded HTTP client for all outgoing requests, and what uses it."""
