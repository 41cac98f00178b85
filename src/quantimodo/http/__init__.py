"""HTTP requests and responses as plain values."""
