"""The settings: their tree, their rules, where each value comes from, and their document."""
