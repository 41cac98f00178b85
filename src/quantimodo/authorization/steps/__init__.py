"""The steps of an interaction, one file each. `table.py` lists them in order."""
