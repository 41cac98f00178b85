"""Every failure is an `ApiException` with status, reason, body and headers; its text has no
secret."""

import json
import logging
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from recorded_server import ReceivedRequest, RecordedResponse, RecordedServer

import swagger_client
from swagger_client.rest import ApiException

ME = "/api/v1/user/me"
TOKEN = "/api/v2/oauth2/access_token"
MARK = "m4rked-secret-value"


def refusal(**given: Any) -> ApiException:
    with pytest.raises(ApiException) as caught:
        swagger_client.UserApi().v1_user_me_get(**given)
    return caught.value


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "Bad Request"),
        (401, "Unauthorized"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
        (503, "Service Unavailable"),
    ],
)
def test_a_refusal_has_status_reason_body_and_headers(
    configured: swagger_client.Configuration,
    recorded_server: RecordedServer,
    status: int,
    reason: str,
) -> None:
    body = {"error": {"code": "some_fault", "message": "It did not work."}}
    recorded_server.on(ME, RecordedResponse(status, body, {"Retry-After": "7"}))
    fault = refusal()
    assert (fault.status, fault.reason) == (status, reason)
    assert json.loads(fault.body or "") == body
    assert fault.headers is not None
    assert fault.headers["retry-after"] == "7"
    for shown in (str(status), reason, "some_fault", "It did not work.", "retry-after"):
        assert shown in str(fault)
    assert len(recorded_server.requests) == 1  # the client of 2016 repeats nothing


def test_a_server_that_does_not_answer_in_time(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    enough = threading.Event()

    def wait(_: ReceivedRequest) -> RecordedResponse:
        enough.wait(10)
        return RecordedResponse(drop=True)

    recorded_server.on(ME, wait)
    for timeout in (0.05, (5.0, 0.05)):
        fault = refusal(_request_timeout=timeout)
        assert fault.status == 0
        assert "ReadTimeout" in str(fault)
        assert fault.body is fault.headers is None
    configured.timeout = 0.05
    assert refusal().temporary
    enough.set()


def test_a_port_without_a_listener(configured: swagger_client.Configuration) -> None:
    configured.host = "http://127.0.0.1:1/api"
    fault = refusal()
    assert fault.status == 0
    assert "ConnectError" in (fault.reason or "")


def test_a_server_that_disconnects(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(drop=True))
    fault = refusal()
    assert (fault.status, fault.temporary) == (0, True)


@pytest.mark.parametrize("body", [b'{"id": 4', b"<html>", b"\xff\xfe", b"[1]", b"7", b""])
def test_a_response_that_is_not_what_was_promised(
    configured: swagger_client.Configuration, recorded_server: RecordedServer, body: bytes
) -> None:
    recorded_server.on(ME, RecordedResponse(200, body))
    fault = refusal()
    assert fault.status == 200
    assert fault.reason == "The response does not have the expected format"
    assert fault.body == body.decode(errors="replace")
    assert fault.headers is not None


def test_deeply_nested_input_is_not_a_crash(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(200, b"[" * 100_000))
    assert refusal().status == 200
    recorded_server.on(ME, RecordedResponse(500, b"[" * 100_000))
    assert len(str(refusal())) < 10_000


def test_a_missing_field_is_reported_when_it_is_read(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(200, {"id": "nine", "email": 7}))
    user = swagger_client.UserApi().v1_user_me_get()
    for name, what in (("display_name", "left out"), ("id", "wrong type"), ("email", "wrong")):
        with pytest.raises(AttributeError, match=what):
            getattr(user, name)
    assert user["id"] == "nine"


# -------------------------------------------------------------------- secrets


def test_no_secret_is_in_the_text_of_a_refusal(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    echo = {
        "error": "invalid_grant",
        "error_description": f"no such thing: {MARK}-code and {MARK}-secret",
        "access_token": "some-token-of-no-person",
        "data": {"code": "another-code", "token": "eyJhbGciOiJub25lIn0.e30."},
        "text": "qma_0123456789 and https://x.example/?code=in-a-link&a=b",
        "list": [{"refresh_token": "one-in-a-list"}],
    }
    headers = {
        "Set-Cookie": "session=a-cookie",
        "Location": "https://x.example/cb?code=in-a-redirect&state=s",
        "X-Harmless": "fine",
    }
    recorded_server.on(TOKEN, RecordedResponse(400, echo, headers))
    configured.access_token = f"{MARK}-bearer"
    with pytest.raises(ApiException) as caught:
        swagger_client.AuthenticationApi().v2_oauth2_access_token_get(
            "some-client", f"{MARK}-secret", "authorization_code", f"{MARK}-code"
        )
    shown = str(caught.value) + repr(caught.value)
    for secret in (
        MARK, "token-of-no-person", "another-code", "eyJ", "qma_0", "in-a-link", "one-in-a-list",
        "a-cookie", "in-a-redirect",
    ):  # fmt: skip
        assert secret not in shown, secret
    for kept in ("invalid_grant", "no such thing", "state=s", "fine", "a=b"):
        assert kept in shown, kept
    assert json.loads(caught.value.body or "") == echo  # complete, for programs that need it


def test_a_page_instead_of_json_is_redacted_too(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    page = f'<a href="/x?access_token={MARK}-1&amp;b=c">{MARK}-bearer</a> client_secret={MARK}-2'
    recorded_server.on(ME, RecordedResponse(502, page.encode()))
    configured.access_token = f"{MARK}-bearer"
    assert MARK not in str(refusal())


def test_the_name_of_a_fault_is_not_a_secret(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    recorded_server.on(
        ME, RecordedResponse(401, {"error": {"code": "login_required"}, "status": "error"})
    )
    assert "login_required" in str(refusal())


def test_a_token_with_a_line_break_is_refused_unseen(
    configured: swagger_client.Configuration,
) -> None:
    for broken in (f"{MARK}\n", f"{MARK}\r\nX-Evil: 1", f"{MARK}\0", f"{MARK}ü"):
        configured.access_token = broken
        with pytest.raises(ValueError, match="Authorization") as caught:
            swagger_client.UserApi().v1_user_me_get()
        assert MARK not in str(caught.value)


def test_the_log_has_every_call_and_no_secret(
    configured: swagger_client.Configuration,
    recorded_server: RecordedServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)  # httpx would log whole addresses here
    file = tmp_path / "client.log"
    configured.logger_file = str(file)
    configured.logger_format = "LINE %(message)s"
    configured.debug = True
    configured.access_token = f"{MARK}-bearer"
    recorded_server.on(
        TOKEN, RecordedResponse(200, {"access_token": f"{MARK}-new", "token_type": "Bearer"})
    )
    recorded_server.on(ME, RecordedResponse(400, {"error": "invalid_request"}))
    swagger_client.AuthenticationApi().v2_oauth2_access_token_get(
        "some-client", f"{MARK}-secret", "authorization_code", f"{MARK}-code"
    )
    refusal()
    written = file.read_text()
    assert "LINE GET " in written
    assert "client_id=some-client" in written
    assert written.count(TOKEN) >= 1
    assert ": 400" in written
    assert MARK not in written
    assert MARK not in caplog.text
    assert MARK not in repr(configured)
    configured.debug, configured.logger_file = False, None
    refusal()
    assert file.read_text() == written


# -------------------------------------------------------------------- TLS


def test_an_untrusted_certificate_is_refused(
    settings: swagger_client.Configuration, secure: RecordedServer, certificate: Path
) -> None:
    settings.host = secure.host
    fault = refusal()
    assert (fault.status, fault.temporary) == (0, False)
    assert "CERTIFICATE_VERIFY_FAILED" in str(fault)
    assert not secure.requests
    settings.ssl_ca_cert = str(certificate)
    assert swagger_client.UserApi().v1_user_me_get().id == 1
    settings.ssl_ca_cert, settings.verify_ssl = None, False
    assert swagger_client.UserApi().v1_user_me_get().id == 1


def test_a_server_may_ask_who_the_client_is(
    settings: swagger_client.Configuration, certificate: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    with RecordedServer(context).running() as server:
        server.on(ME, RecordedResponse(body={"id": 1}))
        settings.host, settings.ssl_ca_cert = server.host, str(certificate)
        assert refusal().status == 0
        settings.cert_file = settings.key_file = str(certificate)
        assert swagger_client.UserApi().v1_user_me_get().id == 1
