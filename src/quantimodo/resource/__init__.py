"""Protected resources with bearer authentication. Each requires one scope."""
