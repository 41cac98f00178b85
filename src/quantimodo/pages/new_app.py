"""The form of a new application: a name, a kind, where people come back to, and scopes.

Everything else follows from the kind; the tabs of the application change it later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from quantimodo.model.client_metadata import BARE
from quantimodo.model.texts import N_
from quantimodo.pages.form_errors import FormErrors
from quantimodo.pages.forms import Form, FormView
from quantimodo.protocol.grant_types import DEVICE_CODE
from quantimodo.protocol.registration import Registration

_PRESET: Final = ("basic", "openid", "offline_access", "readmeasurements")
_REDIRECTED: Final = frozenset({"authorization_code", "refresh_token"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AppKind:
    """What an application is, and what follows from it. `redirects`: whether people come back to
    it; `for_operator`: only administrators register it."""

    name: str
    title: str
    hint: str
    public: bool = False
    strict: bool = False
    grant_types: frozenset[str] = _REDIRECTED
    redirects: bool = True
    application_type: Literal["web", "native"] = "web"
    for_operator: bool = False


KINDS: Final[Sequence[AppKind]] = (
    AppKind(
        name="web",
        title=N_("Web application with a server"),
        hint=N_("It keeps a client secret that only you can read."),
    ),
    AppKind(
        name="browser",
        title=N_("Application in the browser"),
        hint=N_("It cannot keep a secret, so it has none, and must use PKCE."),
        public=True,
        strict=True,
    ),
    AppKind(
        name="native",
        title=N_("Application on a phone or a desktop"),
        hint=N_("Without a secret, with PKCE. Its redirect URI may have a private scheme."),
        public=True,
        strict=True,
        application_type="native",
    ),
    AppKind(
        name="device",
        title=N_("Device without a browser"),
        hint=N_("A scale or a television: the person confirms a code on a phone."),
        public=True,
        strict=True,
        grant_types=frozenset({DEVICE_CODE, "refresh_token"}),
        redirects=False,
    ),
    AppKind(
        name="service",
        title=N_("Service without people"),
        hint=N_("It gets tokens for itself, by its client secret."),
        grant_types=frozenset({"client_credentials"}),
        redirects=False,
    ),
    AppKind(
        name="resource",
        title=N_("Resource server"),
        hint=N_("It introspects the tokens of all applications. Only administrators see this."),
        grant_types=frozenset({"client_credentials"}),
        redirects=False,
        for_operator=True,
    ),
)
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
        metadata=replace(BARE, application_type=kind.application_type),
    )


def new_view(form: Form, again: FormErrors) -> FormView:
    """The form with the submitted values and the errors."""
    chosen = [*form.many("scope"), f"kind:{form.one('kind')}"]
    return again.view(form, "name", "redirect_uris", chosen=chosen)
