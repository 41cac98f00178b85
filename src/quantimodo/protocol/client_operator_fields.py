"""The fields of client metadata that the operator alone sets, as rows of `client_fields.py`. They
are members of no registration, and fields of no form in the portal."""

from typing import Final

from quantimodo.protocol.client_field_row import ClientField, Option, check_actors, check_limit
from quantimodo.protocol.verified_domains import check_domain

OPERATOR_FIELDS: Final = (
    ClientField(
        name="token_exchange_actors",
        kind="texts",
        check=check_actors,
        option=Option(
            name="token_exchange_actor",
            help="The id of a client that may act by what people allowed this one, as the actor of"
            " a token exchange or at the end of a chain. Repeat for several.",
        ),
    ),
    ClientField(
        name="verified_domain",
        kind="text",
        check=check_domain,
        option=Option(
            name="verified_domain",
            help="Show people that you checked that this domain runs it; empty: none.",
        ),
    ),
    ClientField(
        name="tokens_per_minute",
        kind="number",
        check=check_limit,
        option=Option(
            name="tokens_per_minute",
            help="Token responses in a minute. 0: no limit. Only the operator changes it.",
        ),
    ),
    ClientField(
        name="requests_per_minute",
        kind="number",
        check=check_limit,
        option=Option(
            name="requests_per_minute",
            help="Pushed authorization requests, and device requests, in a minute, if it is"
            " confidential. 0: the limits of the settings.",
        ),
    ),
)
