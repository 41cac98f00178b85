"""What happened, for the person and the operator to see. Never holds a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from quantimodo.model.email_choices import OptionalEmail


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened to an account or an application; `kind` is a dotted name such as
    `session.started`; `detail` is a short text for people."""

    at: datetime
    kind: str
    user_id: int | None = None
    client_id: str | None = None
    address: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message to one person, in plain text. Its paragraphs are separated by empty lines.

    `action` is the label of the button for the first link, or empty for no button. `language` is
    a language tag, and `direction` that of its writing. `optional`: the kind of an e-mail that the
    person can turn off; `unsubscribe`: the address that does it.
    """

    to: str
    subject: str
    text: str
    action: str = ""
    language: str = "en"
    direction: str = "ltr"
    optional: OptionalEmail | None = None
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A form that is posted to an application's address; its fields are secret."""

    address: str
    fields: Mapping[str, str] = field(repr=False)
    to: str = ""
