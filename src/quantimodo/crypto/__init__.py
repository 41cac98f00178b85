"""The only package that imports cryptographic libraries."""
