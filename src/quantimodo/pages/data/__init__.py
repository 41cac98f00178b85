"""Pages of a person's measurements: variables, charts, forms, undo."""
