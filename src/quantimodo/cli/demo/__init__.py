"""`quantimodo demo`: the main use case against a running server."""
