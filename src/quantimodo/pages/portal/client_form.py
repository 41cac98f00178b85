"""The forms of an application's tabs: reads their fields as a registration, and fills them from
one.

The fields are those of the table in `protocol/client_fields.py`; the section of a field gives its
tab.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.i18n.translation import translated
from quantimodo.model.clients import Client
from quantimodo.model.texts import N_
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.protocol.client_field_row import ClientField, FormField
from quantimodo.protocol.client_fields import FIELDS
from quantimodo.protocol.grant_types import IN_PORTAL, SIGNING_IN
from quantimodo.protocol.registration import (
    Registration,
    registration_of,
    value_of,
    with_values,
)

_INTERACTIVE: Final = frozenset({"authorization_code", "refresh_token"})
_REFRESH: Final = frozenset({"refresh_token"})
_CODE: Final = frozenset({"code"})
# The names of check boxes in the view: a scope is its own name, all others have a prefix.
_PUBLIC: Final = "kind:public"
_CONFIDENTIAL: Final = "kind:confidential"
_OPTIONAL: Final = "optional:"
_GRANT: Final = "grant:"
_METHOD: Final = "token_endpoint_auth_method"
OFFERED_GRANTS: Final = frozenset(name for name, _ in IN_PORTAL)
"""The grant types that a person gives in the portal, beside those that follow from others."""

FieldTab = Literal["sign-in", "scopes", "branding", "keys"]
Shown = Sequence[tuple[ClientField, FormField]]


@dataclass(frozen=True, slots=True)
class Section:
    """One panel of a tab: its fields, each with the row of the table."""

    tab: FieldTab
    title: str
    hint: str
    fields: Shown


def _in_portal() -> Iterator[tuple[ClientField, FormField]]:
    for field in FIELDS:
        if field.form is not None:
            yield field, field.form


_SHOWN: Final = tuple(_in_portal())
_WITH_TEXT: Final = ("line", "url", "area", "choice")
LABELS: Final = {field.name: form.label for field, form in _SHOWN} | {"logo": N_("Logo")}
_PANELS: Final[Sequence[tuple[str, FieldTab, str, str]]] = (
    ("connection", "sign-in", N_("How it connects"), ""),
    ("authentication", "sign-in", N_("Client authentication"), ""),
    (
        "logout",
        "sign-in",
        N_("When people sign out"),
        N_("For applications that sign people in with openid."),
    ),
    ("advanced", "sign-in", N_("More"), ""),
    (
        "scope",
        "scopes",
        N_("What it may request"),
        N_(
            "Each authorization request asks for some of these. Choose only what the application"
            " needs."
        ),
    ),
    ("health", "scopes", N_("Health data"), ""),
    ("display", "branding", N_("What people see"), ""),
    (
        "keys",
        "keys",
        N_("Public keys"),
        N_("For private_key_jwt, certificates, signed requests and encrypted responses."),
    ),
)
SECTIONS: Final = {
    name: Section(tab, title, hint, [each for each in _SHOWN if each[1].section == name])
    for name, tab, title, hint in _PANELS
}


def sections_of(tab: FieldTab) -> Mapping[str, Section]:
    """The panels of one tab."""
    return {name: section for name, section in SECTIONS.items() if section.tab == tab}


def address_of_field(name: str) -> str:
    """Where the field is, below the path of an application; empty if the portal has none."""
    for section in SECTIONS.values():
        for field, form in section.fields:
            if field.name == name:
                anchor = form.name if form.control == "client_type" else name
                return f"/{section.tab}#{anchor}"
    return ""


def submitted(form: Form, client: Client, tab: FieldTab) -> Registration:
    """The registration with the fields of this tab as the form has them; all others are those of
    `client`."""
    base = registration_of(client)
    shown = _fields_of(tab)
    values: dict[str, Any] = {}
    for field, control in shown:
        if control.control in _WITH_TEXT and form.many(field.name):
            text = form.one(field.name)
            values[field.name] = tuple(text.split()) if field.kind == "texts" else text.strip()
        elif control.control == "check":
            values[field.name] = bool(form.one(control.name or field.name))
    if tab == "scopes":
        values["scope"] = frozenset(form.many("scope"))
        values["optional_scope"] = tuple(sorted(set(form.many("optional_scope"))))
    if tab == "sign-in":
        values |= _connection(form, base, values)
    return with_values(base, values)


def _connection(form: Form, base: Registration, values: Mapping[str, Any]) -> dict[str, Any]:
    """The client type, the grant types and the response types."""
    public = form.one("kind") == "public"
    # An application that acts as itself, and has no redirect URI, signs no people in.
    chosen = frozenset(form.many("grant_types")) & OFFERED_GRANTS
    redirect_uris = values.get("redirect_uris", base.redirect_uris)
    interactive = bool(redirect_uris) or not chosen
    grants = base.grant_types & (_INTERACTIVE if interactive else _REFRESH)
    if interactive:
        grants = grants or _INTERACTIVE
    elif not chosen & SIGNING_IN:
        grants = frozenset()
    elif not base.grant_types & chosen & SIGNING_IN:
        grants = _REFRESH
    kinds = base.response_types or _CODE
    method = values.get(_METHOD, base.metadata.token_endpoint_auth_method)
    if public != (method == "none"):
        method = "" if public or method == "none" else method
    return {
        "public": public,
        "grant_types": grants | chosen,
        "response_types": kinds if interactive else frozenset(),
        _METHOD: method,
    }


def view_of(client: Client, errors: Mapping[str, str] | None = None) -> FormView:
    """The form with the stored values."""
    values = {"revision": str(client.revision)}
    chosen = {*client.scope, _PUBLIC if client.public else _CONFIDENTIAL}
    chosen |= {_OPTIONAL + name for name in client.metadata.optional_scope}
    chosen |= {_GRANT + name for name in client.grant_types}
    for field, form in _SHOWN:
        value = value_of(client, field)
        if form.control in _WITH_TEXT:
            values[field.name] = "\n".join(value) if field.kind == "texts" else str(value)
        elif form.control == "check" and value:
            chosen.add(f"flag:{form.name or field.name}")
    return FormView(values, errors or {}, frozenset(chosen))


def submitted_view(form: Form, again: FormErrors, tab: FieldTab) -> FormView:
    """The form of this tab with the submitted values and the errors."""
    chosen = {*form.many("scope"), f"kind:{form.one('kind')}"}
    chosen |= {_OPTIONAL + name for name in form.many("optional_scope")}
    chosen |= {_GRANT + name for name in form.many("grant_types")}
    names = ["revision"]
    for field, control in _fields_of(tab):
        name = control.name or field.name
        if control.control in _WITH_TEXT:
            names.append(field.name)
        elif control.control == "check" and form.one(name):
            chosen.add(f"flag:{name}")
    return again.view(form, *names, chosen=sorted(chosen))


def in_tab(again: FormErrors, tab: FieldTab) -> FormErrors:
    """The errors with those of fields of other tabs as errors of the whole form."""
    here = {field.name for field, _ in _fields_of(tab)} | {"", "kind"}
    elsewhere = [
        f"{translated(LABELS.get(name, name))}: {text}"
        for name, text in again.errors.items()
        if name not in here
    ]
    if not elsewhere:
        return again
    kept = {name: text for name, text in again.errors.items() if name in here}
    kept[""] = " ".join([*([kept[""]] if "" in kept else ()), *elsewhere])
    return replace(again, errors=kept)


def _fields_of(tab: FieldTab) -> Shown:
    return [each for section in sections_of(tab).values() for each in section.fields]


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


def sentence(message: str) -> str:
    """The message of a fault as a sentence, in the language of the request."""
    shown = translated(message)
    return f"{shown[:1].upper()}{shown[1:]}."
