"""A provider of sign-ins for development: another party, that happens to be served by us."""
