"""The form of an application: from its fields to a registration, and back."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from quantimodo.clients.errors import ChangedMeanwhile, InvalidMetadata
from quantimodo.model.client_metadata import BARE
from quantimodo.model.clients import Client
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.protocol.registration import Registration

_LOGOUT: Final = ("frontchannel_logout_uri", "backchannel_logout_uri")
_AFTER: Final = "post_logout_redirect_uris"
_TEXTS: Final = ("name", "description", "homepage_uri", "policy_uri", "tos_uri", "redirect_uris")
LABELS: Final = {
    "name": "Name",
    "description": "Description",
    "homepage_uri": "Website",
    "policy_uri": "Privacy policy",
    "tos_uri": "Terms of use",
    "redirect_uris": "Redirect URIs",
    "post_logout_redirect_uris": "Addresses after signing out",
    "backchannel_logout_uri": "Back-channel logout",
    "frontchannel_logout_uri": "Front-channel logout",
    "scope": "Scopes",
    "grant_types": "Acting as itself",
    "logo": "Logo",
}
_SENDING: Final = frozenset({"authorization_code", "refresh_token"})
_ITSELF: Final = frozenset({"client_credentials"})
_CODE: Final = frozenset({"code"})
# Check boxes share one namespace in the view: a scope has its name, the others have a prefix.
_PUBLIC: Final = "kind:public"
_CONFIDENTIAL: Final = "kind:confidential"
_STRICT: Final = "flag:strict"
_OWN: Final = "flag:own"
_CLAIMS: Final = "flag:claims"

BLANK: Final = FormView(
    chosen=frozenset({"basic", "openid", "offline_access", "readmeasurements", _CONFIDENTIAL})
)


def registration_of(form: Form, client: Client | None = None) -> Registration:
    """The metadata in the form; fields that it does not show keep the values of `client`."""
    kept = _registration_fields(client) if client else {}
    uris = tuple(form.one("redirect_uris").split())
    # An application that acts for itself and has no redirect URI does not send people here.
    sends = bool(uris) or not form.one("own")
    shown: dict[str, Any] = {name: form.one(name) for name in _TEXTS}
    shown["redirect_uris"] = uris
    shown["scope"] = frozenset(form.many("scope"))
    shown["grant_types"] = (_sending(kept) if sends else _ITSELF) | _own(form)
    shown["response_types"] = (kept.get("response_types") or _CODE) if sends else frozenset()
    shown["public"] = form.one("kind") == "public"
    shown["strict"] = bool(form.one("strict"))
    shown["metadata"] = replace(
        kept.get("metadata", BARE),
        post_logout_redirect_uris=tuple(form.one(_AFTER).split()),
        include_claims_in_id_token=bool(form.one("claims")),
        **{name: form.one(name).strip() for name in _LOGOUT},
    )
    return Registration(**{**kept, **shown})


def view_of(client: Client, errors: Mapping[str, str] | None = None) -> FormView:
    """The form with an application's current values."""
    values = {name: str(getattr(client, name)) for name in _TEXTS}
    values["redirect_uris"] = "\n".join(client.redirect_uris)
    values["revision"] = str(client.revision)
    values[_AFTER] = "\n".join(client.metadata.post_logout_redirect_uris)
    values |= {name: str(getattr(client.metadata, name)) for name in _LOGOUT}
    chosen = {
        *client.scope,
        _PUBLIC if client.public else _CONFIDENTIAL,
        *([_STRICT] if client.strict else ()),
        *([_OWN] if "client_credentials" in client.grant_types else ()),
        *([_CLAIMS] if client.metadata.include_claims_in_id_token else ()),
    }
    return FormView(values, errors or {}, frozenset(chosen))


def pending_sign_up_view(form: Form, again: FormErrors) -> FormView:
    """The form with the values that were sent."""
    chosen = {
        *form.many("scope"),
        f"kind:{form.one('kind')}",
        *([_STRICT] if form.one("strict") else ()),
        *([_OWN] if form.one("own") else ()),
        *([_CLAIMS] if form.one("claims") else ()),
    }
    return again.view(form, *_TEXTS, *_LOGOUT, _AFTER, "revision", chosen=sorted(chosen))


def field_errors(refusal: InvalidMetadata | ChangedMeanwhile) -> FormErrors:
    """The registry's faults as sentences, only the first one of each field."""
    if isinstance(refusal, ChangedMeanwhile):
        return FormErrors(409, {"": _sentence(refusal.message)})
    errors: dict[str, str] = {}
    for fault in refusal.faults:
        errors.setdefault(fault.field, _sentence(fault.message))
    return FormErrors(422, errors)


def _sending(kept: Mapping[str, Any]) -> frozenset[str]:
    """The grant types of an application that sends people here: its own, or the usual ones."""
    return frozenset(kept.get("grant_types", ())) & _SENDING or _SENDING


def _own(form: Form) -> frozenset[str]:
    return _ITSELF if form.one("own") else frozenset()


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."


def _registration_fields(client: Client) -> dict[str, Any]:
    return {each.name: getattr(client, each.name) for each in fields(Registration)}
