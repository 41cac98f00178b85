"""The part of Facebook's Graph API that a sign-in needs: the owner of a token, and the account.

Every call proves that it comes from the app's server (`appsecret_proof`, or the app token).
`facebook.py` implements the sign-ins.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from quantimodo.crypto.provider_tokens import appsecret_proof
from quantimodo.federation.contract import LimitedLoginNeeded, ProviderPolicy
from quantimodo.federation.id_tokens import SKEW, bad_token, foreign_token, moment
from quantimodo.federation.providers.oauth2 import (
    TEMPORARILY_UNAVAILABLE,
    error_code,
    numeric_id,
    required_secret,
)
from quantimodo.model.secrets import Secret
from quantimodo.outbound.errors import InvalidProviderResponse, ProviderFault, ProviderUnavailable
from quantimodo.outbound.http_client import GuardedHttpClient
from quantimodo.outbound.responses import invalid_response

# developers.facebook.com, "Graph API: Handle Errors": an outage, and limits that pass.
TRY_LATER = frozenset({"2", "4", "17", "341"})
_BAD_TOKEN = "190"
_FOREIGN = "did not match the Viewing App"


class Graph:
    """Calls of Graph for one app."""

    def __init__(
        self, policy: ProviderPolicy, http_client: GuardedHttpClient, address: str
    ) -> None:
        self._app_id = policy.client_id
        self._secret = required_secret(policy)
        self._http_client = http_client
        self._debug = policy.tokeninfo_endpoint or f"{address}/debug_token"
        self._me = policy.userinfo_endpoint or f"{address}/me"

    async def owner(self, token: Secret, now: datetime) -> str:
        """The account that a token of this server's app was issued to.

        Raises `ForeignToken`, `LimitedLoginNeeded`, `BadToken` for all others.
        """
        app_token = f"{self._app_id}|{self._secret.reveal()}"
        requested = {"input_token": token.reveal(), "access_token": app_token}
        response = await self._http_client.get(self._debug, parameters=requested)
        body = response.json()
        if "error" in body:
            raise _not_inspected(body["error"])
        if not response.ok or not isinstance(body.get("data"), dict):
            raise invalid_response(f"debug_token: status {response.status}, no data")
        return owner_of(body["data"], self._app_id, now)

    async def account(self, token: Secret) -> Mapping[str, Any]:
        """The account, read with the token. Raises `LimitedLoginNeeded` or `BadToken` when Graph
        rejects the token."""
        requested = {
            "fields": "id,name,first_name,last_name,email",
            "access_token": token.reveal(),
            "appsecret_proof": appsecret_proof(token, self._secret),
        }
        response = await self._http_client.get(self._me, parameters=requested)
        body = response.json()
        if "error" in body:
            raise _refusal(body["error"])
        if not response.ok:
            raise invalid_response(f"me: status {response.status}")
        return body


def owner_of(data: Mapping[str, Any], app_id: str, now: datetime) -> str:
    """security.md §29: valid, of our app, of a person, unexpired. Pure.

    Raises `ForeignToken`, `LimitedLoginNeeded`, `BadToken`.
    """
    issued_to, error = data.get("app_id"), data.get("error")
    if _is_foreign(error) or (issued_to is not None and str(issued_to) != app_id):
        raise foreign_token("debug_token: another app_id")
    if data.get("is_valid") is not True or error is not None:
        raise _not_valid(error, known=issued_to is not None)
    if issued_to is None:
        raise bad_token("debug_token: no app_id")
    if data.get("type", "USER") != "USER":
        raise bad_token("debug_token: not a person's token")
    if not _is_zero(data.get("expires_at")) and moment(data, "expires_at") <= now - SKEW:
        raise bad_token("debug_token: it has expired")
    return account_number(data, "user_id")


def account_number(claims: Mapping[str, Any], name: str) -> str:
    """The account that a token or message is about. Raises `BadToken`."""
    try:
        return numeric_id(claims.get(name))
    except InvalidProviderResponse as fault:
        raise bad_token(f"{name} is not an account") from fault


def _is_zero(expires_at: Any) -> bool:
    """Whether it never expires, as tokens of people who manage pages."""
    return isinstance(expires_at, int) and not isinstance(expires_at, bool) and expires_at == 0


def _not_inspected(error: Any) -> ProviderFault:
    # An error beside the data is about the app token; only this one is about the person's token.
    if _is_foreign(error):
        return foreign_token("debug_token: another app_id")
    return _later_or_invalid("debug_token", error)


def _not_valid(error: Any, *, known: bool) -> ProviderFault:
    # security.md §29: the token of an iPhone without tracking consent is unknown to Graph, like an
    # invented one. Both get the hint, which is harmless.
    if error_code(error) == _BAD_TOKEN and not known:
        return _limited_login_needed("debug_token: unknown to Graph")
    return bad_token(f"debug_token: not valid, {error_code(error)}")


def _refusal(error: Any) -> ProviderFault:
    if error_code(error) != _BAD_TOKEN:
        return _later_or_invalid("me", error)
    if "error_subcode" in error:  # it was good once: expired, password changed, app removed
        return bad_token("me: not valid any more")
    return _limited_login_needed("me: unknown to Graph")


def _limited_login_needed(because: str) -> LimitedLoginNeeded:
    return LimitedLoginNeeded(
        "Facebook does not take this access token. On iOS without tracking consent, send the ID "
        "token of Limited Login (AuthenticationToken) instead.",
        because=because,
    )


def _later_or_invalid(where: str, error: Any) -> ProviderFault:
    code = error_code(error)
    if code in TRY_LATER or (isinstance(error, dict) and error.get("is_transient") is True):
        return ProviderUnavailable(TEMPORARILY_UNAVAILABLE, because=f"{where}: {code}")
    return invalid_response(f"{where}: {code}")


def _is_foreign(error: Any) -> bool:
    """The code (100) is that of any bad parameter; only the text identifies this error."""
    message = error.get("message") if isinstance(error, dict) else None
    return isinstance(message, str) and _FOREIGN in message
