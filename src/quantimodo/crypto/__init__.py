"""The only room that imports cryptographic libraries."""
