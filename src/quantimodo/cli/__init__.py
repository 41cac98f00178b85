"""The commands. Each one opens the services, runs once, and exits."""
