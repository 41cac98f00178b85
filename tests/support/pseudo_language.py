"""Languages that put each translated text in brackets, to find those that are not translated."""

import re
from gettext import NullTranslations

from quantimodo.model.languages import Language


class _Bracketed(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


BRACKETED = Language("en-x-bracketed", "⟦Bracketed⟧", translations=_Bracketed())


class _Segmented(NullTranslations):
    def gettext(self, message: str) -> str:
        parts = re.split(r"(%\(\w+\)s)", message)
        return "".join(f"⟦{each}⟧" if each[:2] != "%(" and each else each for each in parts)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


# The values within a text are outside of the brackets.
SEGMENTED = Language("en-x-segmented", "⟦Segmented⟧", translations=_Segmented())
