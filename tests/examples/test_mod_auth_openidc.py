"""examples/mod-auth-openidc: Debian's Apache and its module, unmodified, with us as provider."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import rmtree

import pytest

from support.example_builds import open_with_short_tokens, register_logout_uri
from support.example_runs import ExamplePerson, SetUp, new_person, set_up
from support.live_server import Live
from support.workers import free_port

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.slow]

_MODULES = "/usr/lib/apache2/modules"
_NAMES = (
    *("mpm_event", "authn_core", "authz_core", "authz_user", "authz_host", "dir", "mime"),
    *("filter", "include", "auth_openidc"),
)
# What Debian's apache2.conf has: the modules that are enabled, a user, and the file of the example.
_MAIN = """
ServerName 127.0.0.1
{user}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
TypesConfig /etc/mime.types
{modules}
Include {folder}/quantimodo.conf
"""


@pytest.fixture
def apache_folder() -> Iterator[Path]:
    """A folder that Apache's own user can read: those of a test are for this user only."""
    made = Path(tempfile.mkdtemp(prefix="quantimodo-apache-"))
    made.chmod(0o755)
    yield made
    rmtree(made)


@asynccontextmanager
async def apache(made: SetUp) -> AsyncIterator[Path]:
    """The running web server; the file with its errors."""
    folder = made.folder
    (folder / "passphrase").write_text("a-fake-passphrase")
    config = folder / "quantimodo.conf"
    moved = config.read_text().replace("/srv/quantimodo-example", str(folder))
    config.write_text(moved.replace("127.0.0.1:8033", f"127.0.0.1:{made.port}"))
    modules = [f"LoadModule {name}_module {_MODULES}/mod_{name}.so" for name in _NAMES]
    user = "User www-data\nGroup www-data" if os.getuid() == 0 else ""
    main = _MAIN.format(folder=folder, modules="\n".join(modules), user=user)
    (folder / "apache2.conf").write_text(main)
    run = ("/usr/sbin/apache2", "-X", "-d", folder, "-f", folder / "apache2.conf")
    async with made.serving(*run):
        yield folder / "error.log"


async def test_apache_protects_a_folder_shows_the_person_and_signs_out(
    site: Live, person: ExamplePerson, apache_folder: Path
) -> None:
    made = await set_up(site, "mod-auth-openidc", apache_folder, strict=True)
    async with apache(made) as errors:
        page = await person.open(f"{made.origin}/")
        assert "You are signed out" in page.text
        person.decision = "deny"
        refused = await person.open(f"{made.origin}/private/")
        # Debian's version takes `iss` of the response (RFC 9207) for a request to sign in.
        assert "<p>Error: " in refused.text, errors.read_text()
        assert "Hello" not in refused.text
        person.decision = "allow"
        page = await person.open(f"{made.origin}/private/")
        assert "<h1>Hello Ann Example</h1>" in page.text, errors.read_text()
        assert f"<p>{person.email}</p>" in page.text
        logout = page.text.partition('href="')[2].partition('"')[0]
        bye = await person.open(f"{made.origin}{logout}")
        assert (str(bye.url), "You are signed out" in bye.text) == (f"{made.origin}/", True)
        assert (await person.browser.get(f"{site.address}/account")).status_code == 303
        again = await person.browser.get(f"{made.origin}/private/")
        assert again.headers["location"].startswith(site.address)


async def test_a_logout_at_the_server_ends_the_session_of_apache(
    apache_folder: Path, tmp_path: Path
) -> None:
    port = free_port()
    async with (
        open_with_short_tokens(tmp_path, port) as live,
        new_person(live, "ann@example.org") as ann,
    ):
        made = await set_up(live, "mod-auth-openidc", apache_folder, port=port)
        await register_logout_uri(made, "/private/callback?logout=backchannel")
        async with apache(made) as errors:
            page = await ann.open(f"{made.origin}/private/")
            assert "Hello Ann Example" in page.text, errors.read_text()
            page = await ann.open(f"{live.address}/sign-out")
            await ann.submit(page, "/sign-out")
            async with asyncio.timeout(30):
                while (await ann.browser.get(f"{made.origin}/private/")).status_code == 200:
                    await asyncio.sleep(0.1)
            again = await ann.browser.get(f"{made.origin}/private/")
            assert again.headers["location"].startswith(live.address), errors.read_text()
