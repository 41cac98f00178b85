"""One file a table or a few that belong together: statements, rows to values, and the store."""
