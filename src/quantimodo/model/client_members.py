"""The people who manage an application."""

from typing import Literal

ClientRole = Literal["owner", "developer"]
"""An owner decides who is in the team, and deletes the application; a developer changes it."""
