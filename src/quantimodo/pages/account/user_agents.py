"""The name of a browser from its `User-Agent` header, for display only."""

from typing import Final

from quantimodo.i18n.translation import gettext

# In this order: the header of most browsers also has the names of those below them.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
_HAND_HELD: Final = frozenset({"iPhone", "iPad", "Android"})


def describe(agent: str) -> str:
    """The browser and its system, as in `Firefox on Linux`; the first word of an unknown header."""
    browser = _find(agent, _BROWSERS)
    if browser is None:
        word = agent.split("/")[0].split(" ")[0][:40]
        return word if word.replace("-", "").isalnum() else gettext("Unknown browser")
    system = _find(agent, _SYSTEMS)
    if not system:
        return browser
    return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}


def is_hand_held(agent: str) -> bool:
    """Whether the `User-Agent` names the system of a phone or tablet."""
    return _find(agent, _SYSTEMS) in _HAND_HELD


def _find(agent: str, names: tuple[tuple[str, str], ...]) -> str | None:
    return next((word for mark, word in names if mark in agent), None)
