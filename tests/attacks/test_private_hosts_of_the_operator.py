"""A host that the operator opened for a provider is not open to the addresses of applications."""

import pytest

from quantimodo.outbound.errors import ProviderFault
from support.app import OpenHarness
from support.loopback_server import loopback_server

NO_CONTENT = b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n"


async def test_an_application_reaches_only_the_hosts_of_applications(
    open_harness: OpenHarness,
) -> None:
    async with (
        loopback_server(NO_CONTENT) as provider,
        loopback_server(NO_CONTENT) as app,
        open_harness(
            insecure_private_hosts=provider.host_and_port,
            insecure_private_app_hosts=app.host_and_port,
        ) as harness,
    ):
        of_operator = harness.context.operator_http_client
        of_applications = harness.context.http_client
        assert (await of_operator.get(f"http://{provider.host_and_port}/keys")).status == 204
        assert (await of_applications.get(f"http://{app.host_and_port}/keys")).status == 204
        requested = (list(provider.requested), list(app.requested))
        for url in (
            f"http://{provider.host_and_port}/keys",
            f"https://{provider.host_and_port}/keys",
        ):
            with pytest.raises(ProviderFault) as refused:
                await of_applications.get(url)
            assert "not one of insecure_private_app_hosts" in refused.value.because
        with pytest.raises(ProviderFault) as refused:
            await of_operator.get(f"http://{app.host_and_port}/keys")
        assert "not one of insecure_private_hosts" in refused.value.because
        assert (provider.requested, app.requested) == requested
