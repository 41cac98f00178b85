"""security.md §16, §31: what people keep secret is in no table, log, e-mail or text of an error."""

from contextlib import closing
from io import StringIO
from pathlib import Path

import apsw
import pytest
from apsw.shell import Shell

from quantimodo.accounts.errors import DomainError, InvalidInput
from quantimodo.model.secrets import Secret
from support.account_services import ADDRESS, AccountServices

MARK = "m4rked-secret-of-ann"


async def test_no_password_email_token_or_cookie_is_in_the_database(
    services: AccountServices, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    browser = services.browser()
    await services.sign_up("new@example.org", browser=browser, password=MARK)
    confirming = await services.email_token("/confirm")
    cookie = (await services.confirm(confirming, browser)).session_cookie
    await services.accounts.recovery.request_reset("new@example.org", address=ADDRESS)
    resetting = await services.email_token("/reset/new")
    await services.audit.flush()
    with closing(apsw.Connection(str(tmp_path / "test.db"))) as database:
        dumped = StringIO()
        Shell(stdout=dumped, db=database).process_command(".dump")
        dump = dumped.getvalue()
        blobs = b"".join(
            row[0]
            for row in database.execute(
                "SELECT payload FROM email_tokens UNION SELECT sealed FROM mails"
            )
        )
    printed = "".join(capsys.readouterr())
    for secret in (MARK, confirming, resetting, cookie.reveal(), browser.reveal()):
        assert secret not in dump
        assert secret.encode() not in blobs
        assert secret.encode().hex() not in dump.lower()
        assert secret not in printed


async def test_no_refusal_repeats_what_was_typed(services: AccountServices) -> None:
    with pytest.raises(DomainError) as refused:
        await services.sign_in("someone@example.org", MARK)
    assert MARK not in str(refused.value)
    assert "someone" not in str(refused.value)
    with pytest.raises(InvalidInput) as invalid:
        await services.sign_up("not an address " + MARK)
    assert MARK not in str(invalid.value)


def test_secrets_are_not_printed() -> None:
    assert MARK not in f"{Secret(MARK)!r} {Secret(MARK)}"
