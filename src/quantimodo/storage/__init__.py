"""Database engines, and the tables they keep. Only `app` and `cli` import this room."""
