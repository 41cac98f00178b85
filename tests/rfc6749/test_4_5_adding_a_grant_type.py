"""Extension grants (RFC 6749 §4.5): a new grant type is one class and one line; what describes
grant types derives it from one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypedDict

import pytest

from quantimodo.app.composition.server import build_server
from quantimodo.app.composition.token_endpoint import grant_types
from quantimodo.grant_types.contract import MintOwn
from quantimodo.grant_types.table import GrantTypeTable
from quantimodo.model.clients import Client
from quantimodo.model.confirmations import Confirmation
from quantimodo.openapi import table, token
from quantimodo.openapi.document import openapi_document
from quantimodo.openapi.operation import described
from quantimodo.openapi.token_request import TokenRequestPart, token_request
from quantimodo.pages.portal.client_form import OFFERED_GRANTS
from quantimodo.ports.grant_stores import TokenReader
from quantimodo.protocol.client_fields import FIELDS
from quantimodo.protocol.discovery import OfferedFeatures, metadata
from quantimodo.protocol.errors import InvalidGrant
from quantimodo.protocol.grant_types import GRANT_TYPES, TABLE, GrantTypeEntry
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.registration import Registration, faults
from quantimodo.protocol.request_summaries import NAMES
from support.app import ME, AppHarness
from support.environment import shipped_renderer

VOUCHER = "urn:example:voucher"


@dataclass(frozen=True, slots=True)
class VoucherGrant:
    """The new file: an application pays by a voucher."""

    entry = GrantTypeEntry(name=VOUCHER, parameters=frozenset({"voucher"}), confidential=True)

    async def load(self, form: Form, tokens: TokenReader) -> None:
        """No facts."""

    def decide(
        self,
        form: Form,
        client: Client,
        evidence: None,
        now: datetime,
        sender_key: Confirmation | None,
    ) -> MintOwn:
        """Mint, if the voucher is good."""
        if form.required("voucher") != "paid":
            raise InvalidGrant("this voucher is not paid", refusal="code_unknown")
        return MintOwn(client, frozenset({"basic"}))


async def offer(harness: AppHarness, *more: Any) -> None:
    """The server with more lines in its list of grant types."""
    offered: Sequence[Any] = (*grant_types(harness.context).grant_types.values(), *more)
    harness.application = await build_server(
        harness.context, shipped_renderer(), offered=GrantTypeTable.of(offered)
    )


async def test_a_grant_type_that_is_added_gives_tokens(harness: AppHarness) -> None:
    app, other = await harness.app(), await harness.app()
    await harness.register_again(app, grant_types=frozenset({VOUCHER}))
    unknown = await harness.token(app, grant_type=VOUCHER, voucher="paid")
    assert unknown.json()["error"] == "unsupported_grant_type"
    await offer(harness, VoucherGrant())
    given = await harness.token(app, grant_type=VOUCHER, voucher="paid")
    assert (given.status_code, given.json()["scope"]) == (200, "basic")
    assert (await harness.introspect(app, given.json()["access_token"]))["sub"] == app.id
    for asking, voucher, error in (
        (app, "forged", "invalid_grant"),
        (app, None, "invalid_request"),
        (other, "paid", "unauthorized_client"),
    ):
        refused = await harness.token(asking, grant_type=VOUCHER, voucher=voucher)
        assert (refused.status_code, refused.json()["error"]) == (400, error)
    still = await harness.token(other, grant_type="client_credentials")
    assert still.status_code == 200, "the others are offered as before"
    assert (await harness.browser().get(ME)).status_code == 401


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: str(entry.name))
def test_descriptions_of_grant_types_have_each_entry(entry: GrantTypeEntry) -> None:
    (field,) = [field for field in FIELDS if field.name == "grant_types"]
    assert entry.name in field.choices, "clients can register for it"
    assert field.option is not None
    assert entry.name in field.option.help, "the help of the command names it"
    assert (entry.name in OFFERED_GRANTS) == bool(entry.label), "the portal's choice"
    everything = OfferedFeatures(grant_types=GRANT_TYPES)
    assert entry.name in metadata("https://id.example.org", everything)["grant_types_supported"]
    document = openapi_document("https://id.example.org", legacy_transport=True)
    members = document["components"]["schemas"]["TokenRequest"]["properties"]
    assert entry.name in members["grant_type"]["enum"]
    request = token_request(table.TOKEN_REQUEST_PARTS)
    assert entry.parameters <= request.__annotations__.keys() & members.keys()
    assert entry.parameters <= NAMES, "reports of refusals name its parameters"


class VoucherParameters(TypedDict, total=False):
    """Its new file in the descriptions."""

    voucher: Annotated[str, described("For vouchers: the voucher.", "paid")]


def test_a_grant_type_describes_its_token_requests_in_one_file() -> None:
    part = TokenRequestPart(
        parameters=VoucherParameters,
        examples={"voucher": {"grant_type": VOUCHER, "voucher": "paid"}},
        about="An application may pay by a voucher.",
        refusals={"voucher_expired": "the voucher has expired"},
        about_refusals="A voucher that is too old gets `voucher_expired`.",
    )
    plain = token.operations(table.TOKEN_REQUEST_PARTS)
    more = token.operations((*table.TOKEN_REQUEST_PARTS, part))
    for without, operation, taken in (
        (plain[0], more[0], more[0].body),
        (plain[1], more[1], more[1].query),
    ):
        assert set(taken.__annotations__) == {
            *token_request(table.TOKEN_REQUEST_PARTS).__annotations__,
            "voucher",
        }
        assert operation.examples == {**without.examples, **part.examples}
        refused = operation.responses[400]
        assert refused.description.endswith(part.about_refusals)
        examples = refused.content[0].examples
        assert (
            examples.keys() - without.responses[400].content[0].examples.keys()
            == part.refusals.keys()
        )
    assert part.about in more[0].description.split("\n\n")


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: str(entry.name))
def test_registration_follows_the_entry(entry: GrantTypeEntry) -> None:
    registration = Registration(
        name="Mood Tracker",
        public=True,
        redirect_uris=("https://app.example.org/callback",),
        response_types=frozenset({"code"}),
        grant_types=frozenset({entry.name, "authorization_code"}),
        scope=frozenset({"basic"}),
    )
    secret = [fault for fault in faults(registration) if "keep a secret" in fault.message]
    assert bool(secret) == entry.confidential
    assert bool(entry.title) or not (entry.confidential or entry.by_operator)


def test_a_grant_type_that_is_not_offered_is_not_listed() -> None:
    less = OfferedFeatures(grant_types=GRANT_TYPES - {"client_credentials"})
    listed = metadata("https://id.example.org", less)["grant_types_supported"]
    assert set(listed) == GRANT_TYPES - {"client_credentials"} | {"implicit"}
