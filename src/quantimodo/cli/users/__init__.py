"""`quantimodo users`: the commands of people's accounts."""
