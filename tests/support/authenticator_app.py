"""An authenticator app for tests: it reads the key from a page, and shows the codes of the server's
clock."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape

import pyotp

from quantimodo.accounts.second_factors.set_up import SecondFactors
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Session
from quantimodo.model.users import User
from support.app import AppHarness

KEY = re.compile(r'id="key"[^>]*>([A-Z2-7 ]+)<')
CODE = re.compile(r"<code>([a-z2-7]{4}(?:-[a-z2-7]{4}){3})</code>")


@dataclass(frozen=True, slots=True)
class AuthenticatorApp:
    key: str

    @classmethod
    def of_page(cls, text: str) -> "AuthenticatorApp":
        """The app of a person who typed the key of this page."""
        found = KEY.search(unescape(text))
        assert found, text
        return cls(found[1].replace(" ", ""))

    def code(self, now: datetime, steps: int = 0) -> str:
        return pyotp.TOTP(self.key).at(now, counter_offset=steps)


def recovery_codes_of(text: str) -> list[str]:
    """The recovery codes that a page shows."""
    return CODE.findall(text)


async def set_up(
    second_factors: SecondFactors, session: Session, now: datetime
) -> tuple[AuthenticatorApp, list[str]]:
    """An app in use for the person of this fresh session, and the recovery codes. Its codes count
    from `now` + 1 minute on."""
    await second_factors.begin(session)
    enrolment = await second_factors.enrolment(session.user, session.key)
    assert enrolment is not None
    app = AuthenticatorApp(enrolment.secret.reveal())
    codes = await second_factors.confirm(session, Secret(app.code(now)))
    return app, [code.reveal() for code in codes]


async def protect(harness: AppHarness, user: User) -> tuple[AuthenticatorApp, list[str]]:
    """Add a second factor to this account; the session that did so is ended. The codes of the app
    count from now on."""
    sessions = harness.context.sessions
    cookie = await sessions.start(
        user, methods=("pwd",), address="192.0.2.7", agent="a test", replaces=None
    )
    session = await sessions.current(cookie.reveal())
    assert session is not None
    added = await set_up(harness.context.second_factors, session, harness.context.clock.now())
    await sessions.end_all(user.id)
    harness.advance(minutes=1)
    return added


async def protected(harness: AppHarness) -> tuple[User, AuthenticatorApp]:
    """A person with a second factor."""
    ann = await harness.person()
    app, _ = await protect(harness, ann)
    return ann, app


LATER = timedelta(minutes=1)
