"""The form of a new application: a name, a kind, where people come back to, and scopes.

Everything else follows from the kind; the tabs of the application change it later.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from quantimodo.model.client_metadata import DEFAULT_METADATA
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.pages.portal.app_kinds import KINDS, AppKind
from quantimodo.protocol.registration import Registration

_PRESET: Final = ("basic", "openid", "offline_access", "readmeasurements")


NEW: Final = FormView(chosen=frozenset({*_PRESET, "kind:web"}))
"""The form at first."""


def kinds_for(*, administrator: bool) -> Sequence[AppKind]:
    """The kinds that this person may register."""
    return [kind for kind in KINDS if administrator or not kind.for_operator]


def chosen_kind(form: Form, kinds: Sequence[AppKind]) -> AppKind | None:
    """The kind that the form names; None for one that is not offered."""
    return next((kind for kind in kinds if kind.name == form.one("kind")), None)


def new_registration(form: Form, kind: AppKind) -> Registration:
    """What the form asks to register. Redirect URIs of a kind that has none are left out, so that
    another choice of the kind needs no cleaning up."""
    return Registration(
        name=form.one("name").strip(),
        redirect_uris=tuple(form.one("redirect_uris").split()) if kind.redirects else (),
        scope=frozenset(form.many("scope")),
        grant_types=kind.grant_types,
        response_types=frozenset({"code"}) if kind.redirects else frozenset(),
        public=kind.public,
        strict=kind.strict,
        resource_server=kind.for_operator,
        metadata=replace(DEFAULT_METADATA, application_type=kind.application_type),
    )


def new_view(form: Form, again: FormErrors) -> FormView:
    """The form with the submitted values and the errors."""
    chosen = [*form.many("scope"), f"kind:{form.one('kind')}"]
    return again.view(form, "name", "redirect_uris", chosen=chosen)
