"""Whether a provider can be used with its settings, for `quantimodo doctor`. Signs no person in."""

from quantimodo.federation.contract import Provider
from quantimodo.federation.providers.declared import Declared
from quantimodo.federation.providers.oidc import Oidc


async def examine_provider(provider: Provider, redirect_uri: str) -> None:
    """Sends the requests that need no person. `redirect_uri` is our callback there.

    Raises `ProviderFault` for what does not work.
    """
    if isinstance(provider, Oidc):
        await provider.examine()
    elif isinstance(provider, Declared):
        await provider.examine(redirect_uri)
    else:
        await provider.destination()
