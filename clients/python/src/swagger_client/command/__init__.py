"""The command `quantimodo-client`: the session in a terminal."""
