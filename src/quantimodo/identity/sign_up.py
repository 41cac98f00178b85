"""Making an account: asked for, mailed, and made only when the link is opened.

No account exists before its address is shown to be the person's (security.md 21, 22). What was
asked for travels in the ticket's payload, on the server.
"""

from base64 import b32encode
from dataclasses import dataclass

import msgspec

from quantimodo.crypto.digests import digest, same
from quantimodo.identity.addresses import email_address, local_path, person_name
from quantimodo.identity.credentials import Credentials
from quantimodo.identity.errors import Faults, InvalidInput, Refused
from quantimodo.identity.letters import Letters
from quantimodo.identity.outcomes import AccountPolicy, Confirmed, Pending
from quantimodo.identity.passwords import check_password
from quantimodo.identity.sessions import Sessions, printable
from quantimodo.identity.throttle import Throttle
from quantimodo.identity.tickets import Tickets
from quantimodo.model.budgets import Charge
from quantimodo.model.events import Event
from quantimodo.model.secrets import Secret
from quantimodo.model.sessions import Ticket
from quantimodo.model.users import NewUser, User
from quantimodo.ports.audit import Audit
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.mailer import Mailer
from quantimodo.ports.stores import Conflict, UserStore

_DEAD_LINK = "This link is not good any more. Sign up again to get a new one."


class Wish(msgspec.Struct, frozen=True):
    """What was typed at sign-up; `browser` is the digest of the cookie of who typed it."""

    email: str
    name: str
    password_hash: str
    browser: bytes
    return_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    users: UserStore
    tickets: Tickets
    sessions: Sessions
    credentials: Credentials
    throttle: Throttle
    mailer: Mailer
    letters: Letters
    policy: AccountPolicy
    clock: Clock
    entropy: Entropy
    audit: Audit

    async def ask(
        self,
        *,
        email: str,
        name: str,
        password: Secret,
        browser: Secret,
        address: str,
        return_to: str,
    ) -> None:
        """Mail a link that makes the account. Raises InvalidInput, TooMany, Busy, Refused."""
        if not self.policy.sign_up_open:
            raise Refused("This server makes no new accounts. Ask whoever runs it for one.")
        faults = Faults()
        with faults.collected():
            name = person_name(name)
        with faults.collected():
            email = email_address(email)
        with faults.collected():
            check_password(password, email=email, name=name)
        faults.check()
        await self.throttle.sign_up(email, address)
        wish = Wish(
            email=email,
            name=name,
            password_hash=await self.credentials.hash(password),
            browser=digest(browser.reveal()),
            return_to=local_path(return_to),
        )
        await self._write(wish, self.throttle.charge("email_tokens", address))

    def look(self, ticket: Ticket, browser: Secret | None) -> Pending:
        wish = _wish_of(ticket)
        at_home = _is_same_browser(wish, browser)
        return Pending(
            purpose=ticket.purpose,
            email=wish.email,
            name=wish.name,
            needs_password=not at_home,
            return_to=local_path(wish.return_to if at_home else ""),
        )

    async def confirm(
        self,
        raw: str,
        *,
        browser: Secret | None,
        password: Secret | None,
        address: str,
        agent: str,
        replaces: Secret | None,
    ) -> Confirmed:
        """Spend the link, make the account, sign in. Raises `InvalidInput` and spends nothing
        when a password has to be chosen here; `Refused` for a link that is not good."""
        ticket = await self.tickets.find("sign_up", raw)
        if ticket is None:
            raise Refused(_DEAD_LINK)
        wish = _wish_of(ticket)
        # security.md 22: whoever signed up is not whoever opened the link. The address is the
        # latter's, and nothing of the former's choice may open the account.
        if not _is_same_browser(wish, browser):
            wish = await self._with_own_password(wish, password)
        if not await self.tickets.take(ticket):
            raise Refused(_DEAD_LINK)
        user = await self._make(wish, address)
        cookie = await self.sessions.start(
            user, methods=("pwd",), address=address, agent=agent, replaces=replaces
        )
        return Confirmed(cookie, wish.return_to)

    async def _write(self, wish: Wish, charge: Charge) -> None:
        # security.md 21: the same reads and writes whether the address has an account or not. If
        # it has, the ticket's secret is dropped here, and the letter goes to the owner.
        user = await self.users.user_by_email(wish.email)
        lifetime = self.policy.sign_up_lifetime
        payload = msgspec.json.encode(wish)
        raw = await self.tickets.issue(
            "sign_up", wish.email, lifetime, payload=payload, charge=charge
        )
        if user is None or user.email is None:
            await self.mailer.send(self.letters.confirm_sign_up(wish.email, raw, lifetime))
        else:
            await self.mailer.send(self.letters.already_registered(user.email))

    async def _with_own_password(self, wish: Wish, password: Secret | None) -> Wish:
        if password is None:
            raise InvalidInput(
                "password",
                "Choose a password: this link was opened in another browser than the one in which"
                " the account was asked for.",
            )
        check_password(password, email=wish.email, name=wish.name)
        password_hash = await self.credentials.hash(password)
        return msgspec.structs.replace(wish, password_hash=password_hash, return_to=local_path(""))

    async def _make(self, wish: Wish, address: str) -> User:
        now = self.clock.now()
        person = NewUser(
            subject=new_subject(self.entropy),
            name=wish.name,
            email=wish.email,
            created_at=now,
            email_verified_at=now,
        )
        try:
            user = await self.users.add_user(person, wish.password_hash)
        except Conflict:
            raise Refused("This address has an account already. Sign in to it.") from None
        await self.tickets.drop("sign_up", wish.email)
        where = printable(address, 64)
        self.audit.record(Event(at=now, kind="account.created", user_id=user.id, address=where))
        return user


def new_subject(entropy: Entropy) -> str:
    """A name for a person that says nothing and is never given again: 160 bits, lower case."""
    return b32encode(entropy.bytes(20)).decode().lower()


def _wish_of(ticket: Ticket) -> Wish:
    return msgspec.json.decode(ticket.payload, type=Wish)


def _is_same_browser(wish: Wish, browser: Secret | None) -> bool:
    return browser is not None and same(wish.browser, digest(browser.reveal()))
