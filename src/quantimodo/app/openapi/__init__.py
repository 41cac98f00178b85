"""The OpenAPI 3.1 document: made from the table of routes, a description of each operation, and types."""
