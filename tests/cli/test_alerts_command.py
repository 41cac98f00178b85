"""`quantimodo alerts`: what is listed, and the exit codes of a test."""

from support.terminal import Terminal

SECRET = "whsec_" + "B" * 43 + "="


def test_the_command_lists_and_tests_alerts(terminal: Terminal) -> None:
    unset = terminal("alerts", "list", "--json")
    assert (unset.code, unset.json) == (0, [])
    assert "no alerts are sent" in unset.err
    assert terminal("alerts", "test").code == 1
    mailed = {"alerts__email": "ops@example.org, other@example.org"}
    assert terminal.does("alerts", "test", **mailed).out == "e-mails queued: 2\n"
    unread = terminal("alerts", "test", alerts__administrators="true")
    assert (unread.code, unread.out) == (1, "")
    assert "there is no administrator with an address" in unread.err
    # A private address that the operator did not open is not requested.
    private = {"alerts__webhook": "https://127.0.0.1:9/alerts", "alerts__webhook_secret": SECRET}
    refused = terminal("alerts", "test", **mailed, **private)
    assert (refused.code, refused.out) == (1, "e-mails queued: 2\n")
    assert "the webhook was not accepted: 127.0.0.1: " in refused.err
    assert SECRET not in refused.err
