"""Reports refused requests of applications: a row in the log of the application, and the part for
developers on the error page.

Owns what a browser may see: on a development server everything, elsewhere the sentence for the
person, the code and the incident.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from quantimodo.accounts.errors import TooMany
from quantimodo.app.composition.services import AppContext
from quantimodo.http.errors import EncodedBody, MethodNotAllowed, TooLarge
from quantimodo.http.messages import RepeatedHeader, Request
from quantimodo.http.refusals import Caller, Refusal
from quantimodo.model.client_log import ClientRefusal
from quantimodo.model.clients import Client
from quantimodo.ops.client_log import ClientLog
from quantimodo.pages.errors import RefusalView
from quantimodo.ports.clock import Clock, Entropy
from quantimodo.ports.stores import BudgetExceeded, QuotaExceeded, Unavailable
from quantimodo.protocol.endpoints import LOGGED
from quantimodo.protocol.errors import OAuthError
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.refusals import error_uri, guide_path, row_of
from quantimodo.protocol.request_summaries import NAMES, summarise_request

OF_TRANSPORT: Final[Mapping[type[Exception], str]] = {
    RepeatedHeader: "header_repeated",
    EncodedBody: "body_encoded",
    TooLarge: "request_too_large",
    MethodNotAllowed: "method_not_allowed",
    TooMany: "too_many_requests",
    BudgetExceeded: "too_many_requests",
    QuotaExceeded: "too_many_requests",
    Unavailable: "server_busy",
}
"""The rows of exceptions that belong to no protocol."""


def named(error: Exception, refusal: Refusal) -> Refusal:
    """The refusal with the row of the exception, for exceptions that are no protocol errors."""
    row = OF_TRANSPORT.get(type(error), "")
    return replace(refusal, row=row) if row else refusal


def refusal_reports(context: AppContext) -> "RefusalReports":
    """Builds the reports of refusals."""
    settings = context.settings
    return RefusalReports(
        *(settings.issuer, context.client_log, context.clock, context.entropy),
        development=bool(settings.development),
    )


@dataclass(frozen=True, slots=True)
class RefusalReports:
    """`development`: error pages show what was received, and what was expected."""

    issuer: str
    log: ClientLog
    clock: Clock
    entropy: Entropy
    development: bool

    def body(self, endpoint: str, body: Any, refusal: Refusal) -> Any:
        """The JSON object of an error; at endpoints of OAuth with the address about it (RFC 6749
        §5.2)."""
        about = error_uri(self.issuer, refusal.row) if endpoint in LOGGED else ""
        return {**body, "error_uri": about} if about else body

    def of_api(self, endpoint: str, refusal: Refusal, request: Request | None) -> str:
        """Report the refusal of a request over plain values. Returns its incident, empty for
        none."""
        if request is None:
            return ""
        if request.client is None or endpoint not in LOGGED:
            self._count_elsewhere(endpoint, refusal, request)
            return ""
        authorization = _lenient_header(request)
        parameters = _parameters(request)
        return self._take(endpoint, refusal, request.client, parameters, authorization)

    def of_page(self, endpoint: str, refusal: Refusal, caller: Caller | None) -> str:
        """Report the refusal of a browser's request. Returns its incident, empty for none."""
        if not refusal.row:
            return ""
        if caller is None or endpoint not in LOGGED:
            return self.entropy.bytes(6).hex()
        return self._take(endpoint, refusal, caller.client, caller.parameters, None)

    def view(
        self, refusal: Refusal, incident: str, text: str, caller: Caller | None
    ) -> RefusalView | None:
        """What the error page shows; None for a refusal that has no row."""
        row = row_of(refusal.row)
        if row is None:
            return None
        if not self.development:
            return RefusalView(row.code, row.person, incident, guide_path(row))
        client = None if caller is None else caller.client
        return RefusalView(
            code=row.code,
            person=row.person,
            incident=incident,
            guide=guide_path(row),
            error=row.error,
            text=text,
            received=()
            if caller is None
            else (
                *summarise_request(caller.parameters, caller.client),
                *_registered(caller.client),
            ),
            expected=row.expected,
            fix=row.fix_for("" if client is None else client.id),
        )

    def count(self, refusal: Refusal) -> None:
        """Count a refused request by its code, whatever endpoint and application it was for."""
        row = row_of(refusal.row)
        if row is None or not row.ordinary:
            self.log.traffic.refused(refusal.code if row is None else row.code)

    def _count_elsewhere(self, endpoint: str, refusal: Refusal, request: Request) -> None:
        """Count a refused request that is not in the log of its application."""
        client_id = request.client_id if request.client is None else request.client.id
        if client_id:
            self.log.refused_elsewhere(client_id, endpoint, refusal.row or refusal.code)

    def _take(
        self,
        endpoint: str,
        refusal: Refusal,
        client: Client,
        parameters: Iterable[tuple[str, str]],
        authorization: str | None,
    ) -> str:
        row = row_of(refusal.row)
        if row is None or row.ordinary:
            return ""
        incident = self.entropy.bytes(6).hex()
        self.log.refused(
            ClientRefusal(
                client_id=client.id,
                at=self.clock.now(),
                endpoint=endpoint,
                code=row.code,
                incident=incident,
                received=summarise_request(parameters, client, authorization),
            )
        )
        return incident


def _registered(client: Client) -> tuple[str, ...]:
    uris, scopes = ", ".join(client.redirect_uris), " ".join(sorted(client.scope))
    return (f"registered redirect URIs: {uris or 'none'}", f"registered scopes: {scopes or 'none'}")


def _lenient_header(request: Request) -> str:
    values = [value for name, value in request.headers if name == b"authorization"]
    return values[0].decode("latin-1") if values else ""


def _parameters(request: Request) -> Iterable[tuple[str, str]]:
    """The parameters that can be read. Their names and values must not be shown as they are."""
    text = request.query if request.method == "GET" else request.body
    try:
        if request.media_type() == "application/json":
            return Form.of_json(text, known=NAMES).items()
        return Form.sound_of_urlencoded(text, NAMES)[0].items()
    except (OAuthError, ValueError):
        return ()
