"""Backups of the database: their format, making and restoring them."""
