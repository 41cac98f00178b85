"""The first steps of /docs, pasted into one terminal from top to bottom, as the page says."""

import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from support.live_server import Live
from support.shell import Shell

_CALLBACK = "http://127.0.0.1:9000/callback"


@pytest.mark.slow
async def test_the_first_steps_of_the_docs_work_as_they_stand(live: Live) -> None:
    person = await live.person()
    app = await live.app(_CALLBACK)
    assert app.secret is not None
    steps = _steps((await live.browser().get("/docs")).text)
    assert len(steps) == 7
    shell = await Shell.open()
    who = steps[0].replace("YOUR_CLIENT_ID", app.id).replace("YOUR_CLIENT_SECRET", app.secret)
    await shell.paste(who)
    await shell.paste(steps[1])
    address = await shell.paste(steps[2])
    response = parse_qs(urlsplit(await live.allow(address)).query)
    assert response["iss"] == [live.address]
    assert response["state"] == [await shell.paste('echo "$state"')]
    tokens = json.loads(await shell.paste(steps[3].replace("THE_CODE", response["code"][0])))
    use = steps[4].replace("THE_ACCESS_TOKEN", tokens["access_token"])
    assert json.loads(await shell.paste(use))["id"] == person.id
    refresh = steps[5].replace("THE_REFRESH_TOKEN", tokens["refresh_token"])
    assert json.loads(await shell.paste(refresh))["refresh_token"] != tokens["refresh_token"]
    assert await shell.paste(steps[6]) == "{}"
    assert json.loads(await shell.paste(use))["error"] == "invalid_token"
    await shell.close()


def _steps(page: str) -> list[str]:
    found = re.findall(
        r'<pre[^>]* aria-label="Step \d+: [^"]*"><code>(.*?)</code></pre>', page, re.DOTALL
    )
    return [unescape(text) for text in found]
