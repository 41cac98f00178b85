"""The OpenAPI 3.1 document: the table of routes, types, and descriptions of each operation."""
