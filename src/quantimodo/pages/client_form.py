"""The form of an application: from its fields to a registration, and back.

The fields are those of the table in `protocol/client_fields.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.i18n.translation import translated
from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.protocol.client_field import ClientField, FormField
from quantimodo.protocol.client_fields import DEVICE_CODE, FIELDS
from quantimodo.protocol.registration import (
    Registration,
    registration_of,
    value_of,
    with_values,
)

_INTERACTIVE: Final = frozenset({"authorization_code", "refresh_token"})
_REFRESH: Final = frozenset({"refresh_token"})
_ITSELF: Final = frozenset({"client_credentials"})
_CODE: Final = frozenset({"code"})
# Check boxes share one space of names in the view: a scope is itself, all others have a prefix.
_PUBLIC: Final = "kind:public"
_CONFIDENTIAL: Final = "kind:confidential"
_OPTIONAL: Final = "optional:"


@dataclass(frozen=True, slots=True)
class Section:
    """One panel of the form: its fields, each with the row of the table."""

    title: str
    hint: str
    fields: Sequence[tuple[ClientField, FormField]]


def _in_portal() -> Iterator[tuple[ClientField, FormField]]:
    for field in FIELDS:
        if field.form is not None:
            yield field, field.form


_SHOWN: Final = tuple(_in_portal())
_WITH_TEXT: Final = ("line", "url", "area", "choice")
_TEXTS: Final = tuple(field for field, form in _SHOWN if form.control in _WITH_TEXT)
_BOXES: Final = {
    field.name: form.name or field.name for field, form in _SHOWN if form.control == "check"
}
LABELS: Final = {field.name: form.label for field, form in _SHOWN} | {"logo": N_("Logo")}
SECTIONS: Final = {
    name: Section(title, hint, [each for each in _SHOWN if each[1].section == name])
    for name, title, hint in (
        ("display", N_("What people see"), ""),
        ("connection", N_("How it connects"), ""),
        (
            "scope",
            N_("What it may request"),
            N_(
                "People are asked for what a request names, at most these. Fewer are allowed more"
                " readily."
            ),
        ),
        (
            "logout",
            N_("When people sign out"),
            N_("For applications that sign people in with openid."),
        ),
        ("advanced", N_("More"), ""),
    )
}

BLANK: Final = FormView(
    chosen=frozenset({"basic", "openid", "offline_access", "readmeasurements", _CONFIDENTIAL})
)


def submitted(form: Form, client: Client | None = None) -> Registration:
    """The registration that the form has; fields that it does not show are those of `client`."""
    base = registration_of(client) if client else Registration(name="")
    values: dict[str, Any] = {}
    for field in _TEXTS:
        text = form.one(field.name)
        if field.choices and not text:
            continue  # a choice always has a value in a browser
        values[field.name] = tuple(text.split()) if field.kind == "texts" else text.strip()
    values |= {name: bool(form.one(box)) for name, box in _BOXES.items()}
    values["scope"] = frozenset(form.many("scope"))
    values["optional_scope"] = tuple(sorted(set(form.many("optional_scope"))))
    values["public"] = form.one("kind") == "public"
    # An application that acts as itself, and has no redirect URI, signs no people in.
    acts_as_itself = bool(values["grant_types"])
    # The device grant is set by the operator or by dynamic registration; this form leaves it.
    kept = frozenset(base.grant_types) & {DEVICE_CODE}
    interactive = bool(values["redirect_uris"]) or not (acts_as_itself or kept)
    grants = frozenset(base.grant_types) & (_INTERACTIVE if interactive else _REFRESH)
    own = _ITSELF if acts_as_itself else frozenset()
    if interactive:
        grants = grants or _INTERACTIVE
    elif not kept:
        grants = frozenset()
    values["grant_types"] = grants | own | kept
    kinds = base.response_types or _CODE
    values["response_types"] = kinds if interactive else frozenset()
    return with_values(base, values)


def view_of(client: Client, errors: Mapping[str, str] | None = None) -> FormView:
    """The form with the stored values."""
    values = {"revision": str(client.revision)}
    for field in _TEXTS:
        value = value_of(client, field)
        values[field.name] = "\n".join(value) if field.kind == "texts" else str(value)
    chosen = {*client.scope, _PUBLIC if client.public else _CONFIDENTIAL}
    chosen |= {_OPTIONAL + name for name in client.metadata.optional_scope}
    for field, _ in _SHOWN:
        if field.name in _BOXES and _is_set(field, client):
            chosen.add(f"flag:{_BOXES[field.name]}")
    return FormView(values, errors or {}, frozenset(chosen))


def submitted_view(form: Form, again: FormErrors) -> FormView:
    """The form with the submitted values and the errors."""
    chosen = {*form.many("scope"), f"kind:{form.one('kind')}"}
    chosen |= {f"flag:{box}" for box in _BOXES.values() if form.one(box)}
    chosen |= {_OPTIONAL + name for name in form.many("optional_scope")}
    names = [field.name for field in _TEXTS]
    return again.view(form, *names, "revision", chosen=sorted(chosen))


def field_errors(refusal: InvalidMetadata | ChangedMeanwhile) -> FormErrors:
    """The faults of the registry as sentences: the first one of each field, and all of the security
    profile."""
    if isinstance(refusal, ChangedMeanwhile):
        return FormErrors(409, {"": sentence(refusal.message)})
    errors: dict[str, str] = {}
    for fault in refusal.faults:
        if fault.field == "profile" and fault.field in errors:
            errors["profile"] += " " + sentence(fault.message)
        errors.setdefault(fault.field, sentence(fault.message))
    return FormErrors(422, errors)


def _is_set(field: ClientField, client: Client) -> bool:
    value = value_of(client, field)
    return bool(value & _ITSELF) if field.name == "grant_types" else bool(value)


def sentence(message: str) -> str:
    """The message of a fault as a sentence, in the language of the request."""
    shown = translated(message)
    return f"{shown[:1].upper()}{shown[1:]}."
