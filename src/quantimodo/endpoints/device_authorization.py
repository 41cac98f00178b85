"""Device authorization endpoint (RFC 8628 §3.1): a device that has no browser gets the codes with
which a person allows it on another one.

Owns the order of the checks. `pages/authorization/device.py` is where the person enters the code.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from quantimodo.accounts.throttle import Throttle
from quantimodo.authorization.device_authorizations import PARAMETERS, DeviceCodes, DeviceOrigin
from quantimodo.authorization.requested_resources import ResourceReader
from quantimodo.clients.authentication import ClientAuthentication
from quantimodo.clients.dpop_proofs import DPoPProofs
from quantimodo.clients.replay_quotas import signer_at, signer_of
from quantimodo.endpoints.body_parameters import body_form
from quantimodo.http.json import private_json
from quantimodo.http.messages import Request, Response
from quantimodo.model.budgets import Charge, Signer
from quantimodo.model.clients import Client
from quantimodo.protocol.client_auth import PARAMETERS as OF_CLIENTS
from quantimodo.protocol.device_grant import DEVICE_PAGE, validate_device
from quantimodo.protocol.errors import UnauthorizedClient
from quantimodo.protocol.grant_types import DEVICE_CODE
from quantimodo.protocol.parameters import Form
from quantimodo.protocol.security_profiles import profile_of

_READ = OF_CLIENTS | PARAMETERS
_LONGEST_AGENT = 400


@dataclass(frozen=True, slots=True)
class DeviceAuthorizationEndpoint:
    """`issuer`: the page at which a person enters the code is on it."""

    issuer: str
    clients: ClientAuthentication
    resources: ResourceReader
    codes: DeviceCodes
    throttle: Throttle
    proofs: DPoPProofs

    async def __call__(self, request: Request) -> Response:
        form = body_form(request, _READ, aliases={})
        client = await self.clients.authenticate(request, form)
        if DEVICE_CODE not in client.grant_types:
            raise UnauthorizedClient(
                "the app is not registered for the device grant",
                refusal="grant_type_not_registered",
            )
        # FAPI 2.0 §5.3.2.2 (3): requests of such an app are pushed; a code has PKCE and an issuer.
        if profile_of(client).pushed_requests:
            raise UnauthorizedClient(
                "the app's security profile does not allow the device grant",
                refusal="profile_not_met",
            )
        proof = self.proofs.read(request)
        form = _of_client(form, client)
        validate_device(form, client, await self.resources.read(form), None)
        charge, signer = await self._counted(client, request.address)
        if proof is not None:
            await self.proofs.use(proof, signer)
        confirmation = None if proof is None else proof.confirmation
        started = await self.codes.mint(form, confirmation, _origin(request), charge)
        page = self.issuer + DEVICE_PAGE
        filled_in = f"{page}?{urlencode({'user_code': started.user_code})}"
        # RFC 8628 §3.2
        return private_json(
            200,
            {
                "device_code": started.device_code.reveal(),
                "user_code": started.user_code,
                "verification_uri": page,
                "verification_uri_complete": filled_in,
                "expires_in": int(started.lifetime.total_seconds()),
                "interval": int(started.interval.total_seconds()),
            },
        )

    async def _counted(self, client: Client, address: str) -> tuple[Charge, Signer]:
        """In which budget the request counts, and in which quota its proof. Raises `TooMany`. A
        public client proves nothing: its requests and proofs count by address."""
        if client.public:
            await self.throttle.count_address("device_requests_per_address", address)
            charge = self.throttle.charge("device_authorizations", address)
            return charge, signer_at(charge.network)
        await self.throttle.count_app("device_requests_per_app", client)
        signer = signer_of(client)
        owner = signer.owner or f"client {client.id}"
        return self.throttle.charge_owner("device_authorizations", owner), signer


def _of_client(form: Form, client: Client) -> Form:
    """The parameters of the request itself, without what authenticated its client."""
    own = [(name, text) for name, text in form.items() if name not in OF_CLIENTS]
    return Form.of_pairs([*own, ("client_id", client.id)])


def _origin(request: Request) -> DeviceOrigin:
    agent = (request.header(b"user-agent") or "")[:_LONGEST_AGENT]
    return DeviceOrigin(request.address, "".join(each for each in agent if each.isprintable()))
