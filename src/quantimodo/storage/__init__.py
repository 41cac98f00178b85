"""Database engines and tables. Only `app` and `cli` import this package."""
