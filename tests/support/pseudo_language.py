"""A language that puts each translated text in brackets, to find those that are not translated."""

from gettext import NullTranslations

from quantimodo.model.languages import Language


class _Bracketed(NullTranslations):
    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


BRACKETED = Language("en-x-bracketed", "⟦Bracketed⟧", translations=_Bracketed())
