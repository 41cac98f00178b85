"""mod_auth_openidc (Debian), unmodified: Apache protects a page, with us as its provider."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import httpx
import pytest

from support.app import PASSWORD, form_fields
from support.live_server import Live
from support.workers import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

_APACHE = "/usr/sbin/apache2"
_MODULES = "/usr/lib/apache2/modules"
_CONFIG = """
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
{user}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
DocumentRoot {folder}/pages
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule auth_openidc_module {modules}/mod_auth_openidc.so
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {client_secret}
OIDCRedirectURI http://127.0.0.1:{port}/private/callback
OIDCCryptoPassphrase fake-passphrase
OIDCScope "openid email profile"
OIDCPKCEMethod S256
<Location /private>
  AuthType openid-connect
  Require valid-user
  Header set X-Person "expr=%{{REMOTE_USER}}"
  Header set X-Email "expr=%{{reqenv:OIDC_CLAIM_email}}"
</Location>
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that Apache's own user can read: the folders of a test are for this user only."""
    made = Path(tempfile.mkdtemp(prefix="quantimodo-apache-"))
    made.chmod(0o755)
    (made / "pages" / "private").mkdir(parents=True)
    (made / "pages" / "private" / "page.txt").write_text("a private page")
    (made / "pages" / "bye.txt").write_text("good bye")
    yield made
    rmtree(made)


def start(folder: Path, **words: Any) -> subprocess.Popen[bytes]:
    user = "User www-data\nGroup www-data" if os.getuid() == 0 else ""
    config = folder / "apache.conf"
    config.write_text(_CONFIG.format(folder=folder, modules=_MODULES, user=user, **words))
    return subprocess.Popen([_APACHE, "-X", "-d", str(folder), "-f", str(config)])


async def follow(browser: httpx.AsyncClient, url: str) -> httpx.Response:
    """As a person does: over all redirects, signing in and allowing where that is asked."""
    response = await browser.get(url)
    for _ in range(20):
        if response.is_redirect:
            response = await browser.get(httpx.URL(response.url).join(response.headers["location"]))
        elif 'name="username"' in response.text:
            who = {"username": "ann@example.org", "password": PASSWORD}
            fields = {**form_fields(response.text), **who}
            response = await browser.post(response.url.join("/sign-in"), data=fields)
        elif 'id="allow"' in response.text:
            fields = {**form_fields(response.text), "decision": "allow"}
            path = "/api/v2/oauth/authorize/decision"
            response = await browser.post(response.url.join(path), data=fields)
        elif 'name="confirm-logout"' in response.text or 'id="confirm-logout"' in response.text:
            path = "/api/v2/oauth2/logout/confirm"
            response = await browser.post(response.url.join(path), data=form_fields(response.text))
        else:
            return response
    raise AssertionError("redirected for ever")


async def test_apache_protects_a_page_and_signs_out(live: Live, folder: Path) -> None:
    ann = await live.person()
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    app = await live.app(f"{site}/private/callback")
    edited = await live.context.stores.clients.client(app.id)
    assert edited is not None
    metadata = type(edited.metadata)(post_logout_redirect_uris=(f"{site}/bye.txt",))
    words = {"port": port, "issuer": live.address}
    assert await live.context.stores.clients.replace_client(replace(edited, metadata=metadata))
    apache = start(folder, client_id=app.id, client_secret=app.secret, **words)
    try:
        transport = httpx.AsyncHTTPTransport(retries=5)
        async with httpx.AsyncClient(transport=transport, timeout=30) as browser:
            page = await follow(browser, f"{site}/private/page.txt")
            assert page.text == "a private page", (folder / "error.log").read_text()
            assert page.headers["x-person"].startswith(ann.subject)
            assert page.headers["x-email"] == "ann@example.org"
            bye = await follow(browser, f"{site}/private/callback?logout={site}/bye.txt")
            assert bye.text == "good bye", f"{bye.url} {bye.text[-1500:]}"
            assert (await browser.get(f"{live.address}/account")).status_code == 303
            again = await browser.get(f"{site}/private/page.txt")
            assert again.headers["location"].startswith(live.address)
    finally:
        apache.terminate()
        apache.wait(10)
