"""Constructs services, endpoints, pages and policies from the settings: one file for each part."""
