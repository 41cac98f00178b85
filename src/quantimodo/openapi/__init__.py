"""The OpenAPI 3.1 document: the table of routes, types, and what is said about each operation."""
