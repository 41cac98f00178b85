"""`quantimodo clients`: the commands of applications."""
