"""How hypothesis runs here: no deadline by the clock, since the machine is shared."""

from hypothesis import settings

settings.register_profile("quantimodo", deadline=None, print_blob=True)
settings.load_profile("quantimodo")
