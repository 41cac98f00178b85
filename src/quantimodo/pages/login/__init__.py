"""Pages that sign a person up, in and out, with the second factor and recovery."""
