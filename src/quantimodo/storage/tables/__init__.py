"""One module for each table, or for tables that belong together: its SQL statements, the conversion
of its rows, and its store."""
