"""Programs of 2016 use more than the page shows: what a generated client had, ours has too."""

import importlib
import io
import logging
import threading
from contextlib import redirect_stdout
from datetime import UTC, date, datetime
from pathlib import Path
from pprint import pprint
from typing import Any

import pytest
from recorded_server import RecordedResponse, RecordedServer
from session_driver import ME, MEASUREMENTS, SessionDriver, stored_token

import swagger_client
from swagger_client.rest import ApiException, RESTResponse
from swagger_client.session import MemoryStore, OAuthSession

THINGS = "/api/v9/things"
ONE = "/api/v2/measurements/7"
MEASUREMENT = {"id": 7, "variable": "Mood", "startTime": 1439389320, "value": 3, "unit": "/5"}
LOGIN = {"success": True, "data": {"token": "some-jwt", "expiresIn": 600, "user": {"id": 42}}}


def headers_of(recorded_server: RecordedServer) -> dict[str, str]:
    (received,) = recorded_server.requests
    recorded_server.requests.clear()
    return dict(received.headers)


# -------------------------------------------------------------------- configuration


def test_there_is_one_configuration(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    module = importlib.import_module("swagger_client.configuration")
    assert swagger_client.Configuration() is module.Configuration() is configured
    swagger_client.Configuration().access_token = "set-somewhere-else"
    recorded_server.on(ME, RecordedResponse(body={"id": 1}))
    swagger_client.UserApi().v1_user_me_get()
    assert headers_of(recorded_server)["authorization"] == "Bearer set-somewhere-else"


def test_another_host_is_another_configuration(recorded_server: RecordedServer) -> None:
    recorded_server.on(ME, RecordedResponse(body={"id": 1}))
    other = swagger_client.Configuration(recorded_server.host)
    other.access_token = "of-the-other"
    assert swagger_client.Configuration() is not other
    for client in (swagger_client.ApiClient(other), swagger_client.ApiClient(configuration=other)):
        with client:
            assert swagger_client.UserApi(client).v1_user_me_get().id == 1
        assert headers_of(recorded_server)["authorization"] == "Bearer of-the-other"
    assert swagger_client.configuration.access_token != "of-the-other"


def test_a_session_has_its_own_settings(configured: swagger_client.Configuration) -> None:
    configured.verify_ssl = False
    with OAuthSession("some-client", server="https://id.example.org") as session:
        assert session.configuration.verify_ssl


def test_keys_and_passwords_are_spelled_as_headers(
    settings: swagger_client.Configuration,
) -> None:
    settings.api_key, settings.api_key_prefix = {"api_key": "k", "plain": "p"}, {"api_key": "Key"}
    settings.username, settings.password, settings.access_token = "ann", "pässword", "t"
    assert settings.get_api_key_with_prefix("api_key") == "Key k"
    assert settings.get_api_key_with_prefix("plain") == "p"
    assert settings.get_api_key_with_prefix("none") is None
    assert settings.get_basic_auth_token() == "Basic YW5uOnDDpHNzd29yZA=="
    schemes = settings.auth_settings()
    assert {
        name: (scheme["in"], scheme["key"], scheme["value"]) for name, scheme in schemes.items()
    } == {
        "oauth2": ("header", "Authorization", "Bearer t"),
        "quantimodo_oauth2": ("header", "Authorization", "Bearer t"),
        "basicAuth": ("header", "Authorization", "Basic YW5uOnDDpHNzd29yZA=="),
        "internalApiKey": ("header", "api_key", "Key k"),
    }


def test_the_debug_report_has_the_lines_of_2016(settings: swagger_client.Configuration) -> None:
    lines = settings.to_debug_report().splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "Python SDK Debug Report", "OS", "Python Version", "Version of the API",
        "SDK Package Version",
    ]  # fmt: skip
    assert lines[-1].endswith(swagger_client.__version__)


def test_the_log_goes_where_the_setting_says(
    configured: swagger_client.Configuration,
    recorded_server: RecordedServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorded_server.on(ME, RecordedResponse(body={"id": 1}))
    configured.debug = True
    swagger_client.UserApi().v1_user_me_get()
    assert f"DEBUG GET {recorded_server.address}{ME}: 200" in capsys.readouterr().err
    configured.logger_file = str(tmp_path / "log")
    swagger_client.UserApi().v1_user_me_get()
    assert capsys.readouterr().err == ""
    assert ": 200" in (tmp_path / "log").read_text()
    assert configured.logger["package_logger"] is logging.getLogger("swagger_client")


@pytest.mark.parametrize("named", ["by the configuration", "by the environment"])
def test_a_proxy_is_used(
    settings: swagger_client.Configuration,
    recorded_server: RecordedServer,
    monkeypatch: pytest.MonkeyPatch,
    named: str,
) -> None:
    recorded_server.on(ME, RecordedResponse(body={"id": 1}))
    settings.host = "http://id.example.org/api"
    if named == "by the configuration":
        settings.proxy = recorded_server.address
    else:
        monkeypatch.setenv("http_proxy", recorded_server.address)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
    assert swagger_client.UserApi().v1_user_me_get().id == 1
    assert headers_of(recorded_server)["host"] == "id.example.org"


# -------------------------------------------------------------------- ApiClient


@pytest.mark.parametrize(
    ("schemes", "sent"),
    [
        (None, {"authorization": "my-own"}),
        ([], {"authorization": "my-own"}),
        (["oauth2"], {"authorization": "Bearer some-token"}),
        (["quantimodo_oauth2"], {"authorization": "Bearer some-token"}),
        (["basicAuth"], {"authorization": "Basic YW5uOnB3"}),
        (["internalApiKey"], {"authorization": "my-own", "api_key": "k"}),
        (["unheard-of"], {"authorization": "my-own"}),
    ],
)
def test_a_call_by_hand_is_authorized_as_it_says(
    configured: swagger_client.Configuration,
    recorded_server: RecordedServer,
    schemes: list[str] | None,
    sent: dict[str, str],
) -> None:
    configured.access_token, configured.username, configured.password = "some-token", "ann", "pw"
    configured.api_key = {"api_key": "k"}
    recorded_server.on(THINGS, RecordedResponse(body=[]))
    with swagger_client.ApiClient() as client:
        client.call_api(
            "/v9/things", "GET", header_params={"Authorization": "my-own"}, auth_settings=schemes
        )
    found = headers_of(recorded_server)
    assert {name: found[name] for name in ("authorization", "api_key") if name in found} == sent


def test_a_call_by_hand_without_authorization_sends_no_token(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    configured.access_token = "some-token"
    recorded_server.on(THINGS, RecordedResponse(body=[]))
    with swagger_client.ApiClient() as client:
        client.call_api("/v9/things", "GET")
    assert "authorization" not in headers_of(recorded_server)


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ([MEASUREMENT], "list[Measurement]", [MEASUREMENT]),
        (MEASUREMENT, "Measurement", MEASUREMENT),
        (MEASUREMENT, swagger_client.Measurement, MEASUREMENT),
        ({"a": 1, "b": 2.5}, "dict(str, float)", {"a": 1.0, "b": 2.5}),
        ({"a": [1]}, "dict(str, list[int])", {"a": [1]}),
        (None, "User", None),
        ("2016-05-04", "date", date(2016, 5, 4)),
        ("2016-05-04T12:00:00Z", "datetime", datetime(2016, 5, 4, 12, tzinfo=UTC)),
        (True, "bool", True),
        ({"any": ["thing"]}, "object", {"any": ["thing"]}),
        ({"any": ["thing"]}, None, {"any": ["thing"]}),
        ([1, 2], len, 2),
    ],
)
def test_the_type_of_a_response_is_named_as_in_2016(
    configured: swagger_client.Configuration,
    recorded_server: RecordedServer,
    body: Any,
    kind: Any,
    expected: Any,
) -> None:
    recorded_server.on(THINGS, RecordedResponse(body=b"null" if body is None else body))
    with swagger_client.ApiClient() as client:
        data, status, _ = client.call_api("/v9/things", "GET", response_type=kind)
        assert (data, status) == (expected, 200)
        assert client.last_response is not None
        assert client.deserialize(client.last_response, kind) == expected
        if "Measurement" in str(kind):
            one = data[0] if isinstance(data, list) else data
            assert (type(one), one.value) == (swagger_client.Measurement, 3.0)


def test_an_invalid_type_is_reported_before_anything_is_sent(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    with swagger_client.ApiClient() as client:
        for kind in ("Nonsense", "list[Nonsense]", "MeasurementSet", "file"):
            with pytest.raises(ValueError, match="has no type"):
                client.call_api("/v9/things", "GET", response_type=kind)
    assert recorded_server.requests == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, "list[User]"),
        ([1], "list[User]"),
        ([], "dict(str, int)"),
        ({"a": "b"}, "dict(str, int)"),
        ("soon", "datetime"),
        (1, "str"),
    ],
)
def test_a_response_of_another_type_is_refused(
    configured: swagger_client.Configuration, recorded_server: RecordedServer, body: Any, kind: str
) -> None:
    recorded_server.on(THINGS, RecordedResponse(body=body))
    with swagger_client.ApiClient() as client, pytest.raises(ApiException, match="expected format"):
        client.call_api("/v9/things", "GET", response_type=kind)


def test_a_value_that_is_not_json_is_text(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    recorded_server.on(THINGS, RecordedResponse(body=b"a,b\n"))
    with swagger_client.ApiClient() as client:
        data, _, _ = client.call_api(
            "/v9/things", "GET", header_params={"Accept": "text/csv"}, response_type="str"
        )
        assert client.deserialize(RESTResponse(200, "OK", "a,b\n", {}), "str") == data == "a,b\n"  # type: ignore[arg-type]
    assert headers_of(recorded_server)["accept"] == "text/csv"


def test_a_whole_address_can_be_requested(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    configured.access_token = "a-secret-that-is-not-sent"
    recorded_server.on(
        f"{THINGS}/",
        RecordedResponse(body={"ok": 1}),
        RecordedResponse(404, {"error": "not_found"}),
    )
    with swagger_client.ApiClient() as client:
        url = f"{client.host}/v9/things/"
        response = client.request(
            "POST", url, query_params={"a": 1}, headers={"X-One": "1"}, body={"b": date(2016, 5, 4)}
        )
        assert (response.status, response.data) == (200, '{"ok": 1}')
        assert response.getheader("content-type", "none") == "none"
        (received,) = recorded_server.requests
        assert (received.query, received.json) == ({"a": "1"}, {"b": "2016-05-04"})
        assert (received.headers["x-one"], "authorization" in received.headers) == ("1", False)
        with pytest.raises(ApiException) as refused:
            client.request("GET", url)
    assert refused.value.status == 404


def test_headers_are_chosen_as_in_2016() -> None:
    client = swagger_client.ApiClient(header_name="X-One", header_value="1")
    client.set_default_header("X-Two", "2")
    assert {"X-One": "1", "X-Two": "2"}.items() <= client.default_headers.items()
    assert client.select_header_accept([]) is None
    assert client.select_header_accept(["Text/CSV", "Application/JSON"]) == "application/json"
    assert client.select_header_accept(["text/csv", "text/html"]) == "text/csv, text/html"
    assert client.select_header_content_type([]) == "application/json"
    assert client.select_header_content_type(["text/csv", "application/JSON"]) == "application/json"
    assert client.select_header_content_type(["text/csv"]) == "text/csv"
    client.close()


def test_values_become_plain_json() -> None:
    client = swagger_client.ApiClient()
    sets = swagger_client.MeasurementSet(
        "Mood", [swagger_client.NewMeasurement(datetime(2016, 5, 4, tzinfo=UTC), 3)]
    )
    record = swagger_client.Measurement({"startTime": 1, "value": 3})
    assert client.sanitize_for_serialization((sets, record, date(2016, 5, 4), None)) == [
        {
            "variableName": "Mood",
            "measurements": [{"startTime": "2016-05-04T00:00:00+00:00", "value": 3}],
        },
        {"startTime": 1, "value": 3},
        "2016-05-04",
        None,
    ]
    client.close()


# -------------------------------------------------------------------- answers


def test_a_response_has_a_dict_of_its_python_names() -> None:
    measurement = swagger_client.Measurement({**MEASUREMENT, "brandNew": 1})
    found = measurement.to_dict()
    assert found["start_time"] == datetime(2015, 8, 12, 14, 22, tzinfo=UTC)
    assert (found["value"], found["unit"], found["note"]) == (3.0, "/5", None)
    assert "brandNew" not in found
    login = swagger_client.LoginAnswer(LOGIN).to_dict()
    assert login["data"]["user"] == {
        "id": 42, "display_name": None, "login_name": None, "email": None, "administrator": None,
        "email_verified": None, "sub": None,
    }  # fmt: skip
    unit = swagger_client.Unit({"conversionSteps": [{"operation": "ADD", "value": 1}]})
    assert unit.to_dict()["conversion_steps"] == [{"operation": "ADD", "value": 1.0}]


def test_a_response_is_printed_whole_and_without_secrets() -> None:
    printed = io.StringIO()
    response = swagger_client.LoginAnswer(
        {
            **LOGIN,
            "more": [{"code": "some-code", "url": "https://x.example/?code=in-a-link&a=b"}],
            "text": "qma_0123456789",
        }
    )
    with redirect_stdout(printed):
        pprint(response)
        print(response)
    assert printed.getvalue().rstrip("\n").split("\n") == [response.to_str(), repr(response)]
    for shown in ("LoginAnswer(", "'success': True", "'expiresIn': 600", "'id': 42", "a=b"):
        assert shown in repr(response), shown
    for secret in ("some-jwt", "some-code", "in-a-link", "qma_0"):
        assert secret not in repr(response), secret
    assert response.data.token == "some-jwt"


# -------------------------------------------------------------------- the methods of a person


def test_a_method_accepts_its_own_token(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    configured.access_token = "of-the-configuration"
    recorded_server.on(MEASUREMENTS, RecordedResponse(body=[]))
    api = swagger_client.MeasurementsApi()
    api.v1_measurements_get(access_token="of-this-call", variable_name="Mood")
    (received,) = recorded_server.requests
    assert received.query == {"variableName": "Mood"}
    assert headers_of(recorded_server)["authorization"] == "Bearer of-this-call"
    thread = api.v1_measurements_get_with_http_info(access_token="of-a-thread", callback=print)
    assert isinstance(thread, threading.Thread)
    thread.join()
    assert headers_of(recorded_server)["authorization"] == "Bearer of-a-thread"
    for none in ("", None):
        api.v1_measurements_get(access_token=none)
        assert headers_of(recorded_server)["authorization"] == "Bearer of-the-configuration"
    recorded_server.on(MEASUREMENTS, RecordedResponse(401, {"message": "not good: of-this-call"}))
    with pytest.raises(ApiException) as refused:
        api.v1_measurements_get(access_token="of-this-call")
    assert "of-this-call" not in str(refused.value) + repr(refused.value)


def test_where_2016_knew_no_such_token_it_is_a_mistake(
    configured: swagger_client.Configuration,
) -> None:
    api: Any = swagger_client.AuthenticationApi()
    with pytest.raises(TypeError, match="'access_token' to method v2_auth_social_login_get"):
        api.v2_auth_social_login_get("u", "google", access_token="t")


def test_an_explicit_token_bypasses_the_session(recorded_server: RecordedServer) -> None:
    recorded_server.on(ME, RecordedResponse(body={"id": 1}))
    driver = SessionDriver(OAuthSession, recorded_server, store=MemoryStore(stored_token()))
    api = swagger_client.UserApi(driver.session.api_client())
    api.v1_user_me_get(access_token="of-this-call")
    assert headers_of(recorded_server)["authorization"] == "Bearer of-this-call"
    driver.session.close()


def test_the_parameter_of_the_body_is_named_body(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    recorded_server.on(MEASUREMENTS, RecordedResponse(201, {}))
    recorded_server.on(ONE, RecordedResponse(body={"id": 7}))
    api = swagger_client.MeasurementsApi()
    api.v1_measurements_post(body=[{"variableName": "Mood"}])
    api.v2_measurements_id_put(7, body={"value": 4})
    assert [received.json for received in recorded_server.requests] == [
        [{"variableName": "Mood"}],
        {"value": 4},
    ]
    with pytest.raises(ValueError, match="`body` when calling `v1_measurements_post`"):
        api.v1_measurements_post()  # type: ignore[call-arg]


# -------------------------------------------------------------------- odds and ends of ApiClient


def test_a_call_by_hand_may_run_on_a_thread(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    recorded_server.on(THINGS, RecordedResponse(body=[MEASUREMENT]))
    got: list[Any] = []
    with swagger_client.ApiClient() as client:
        for only in (True, False):
            thread = client.call_api(
                "/v9/things",
                "GET",
                response_type="list[Measurement]",
                callback=got.append,
                _return_http_data_only=only,
            )
            assert isinstance(thread, threading.Thread)
            thread.join()
    assert got[0][0].value == 3.0
    assert got[1][:2] == (got[0], 200)


def test_a_client_may_move(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    recorded_server.on(ME, RecordedResponse(body={"id": 1}))
    client = swagger_client.ApiClient("http://127.0.0.1:1/api", cookie="k=v")
    client.host = recorded_server.host
    assert client.user_agent.startswith("quantimodo-client/")
    assert swagger_client.UserApi(client).v1_user_me_get().id == 1
    assert headers_of(recorded_server)["cookie"] == "k=v"
    client.host = "http://127.0.0.1:port/api"
    with pytest.raises(ValueError, match="no address"):
        swagger_client.UserApi(client).v1_user_me_get()
    client.close()


@pytest.mark.parametrize(
    ("scheme", "sent"),
    [
        ("csv", [("some", "1,2")]),
        ("ssv", [("some", "1 2")]),
        ("tsv", [("some", "1\t2")]),
        ("pipes", [("some", "1|2")]),
        ("multi", [("some", "1"), ("some", "2")]),
    ],
)
def test_a_list_is_spelled_as_it_says(scheme: str, sent: list[tuple[str, str]]) -> None:
    tuples = swagger_client.ApiClient.parameters_to_tuples
    assert tuples({"some": [1, 2]}, {"some": scheme}) == sent
    assert tuples([("some", "text")], {"some": scheme}) == [("some", "text")]


def test_a_form_goes_as_a_form_and_files_go_nowhere(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    recorded_server.on(THINGS, RecordedResponse(body={}))
    with swagger_client.ApiClient() as client:
        client.call_api("/v9/things", "POST", post_params={"a": "b c", "yes": True})
        (received,) = recorded_server.requests
        assert received.form == {"a": "b c", "yes": "true"}
        assert received.headers["content-type"] == "application/x-www-form-urlencoded"
        files: Any = {"file": "path"}
        with pytest.raises(ValueError, match="no files"):
            client.call_api("/v9/things", "POST", files=files)
    assert len(recorded_server.requests) == 1


def test_an_exception_may_be_made_by_hand() -> None:
    fault = ApiException(status=400, reason="Bad Request")
    assert (fault.status, fault.reason, fault.body, fault.headers) == (
        400,
        "Bad Request",
        None,
        None,
    )
    assert str(fault) == "(400)\nReason: Bad Request\n"


@pytest.mark.parametrize(
    ("response", "name"),
    [
        (swagger_client.Measurement({"value": "3"}), "value"),
        (swagger_client.Measurement({"id": True}), "id"),
        (swagger_client.Measurement({"startTime": True}), "start_time"),
        (swagger_client.Measurement({"startTime": 1e300}), "start_time"),
        (swagger_client.LoginAnswer({"success": 1}), "success"),
        (swagger_client.LoginAnswer({"data": []}), "data"),
        (swagger_client.Unit({"conversionSteps": {}}), "conversion_steps"),
    ],
)
def test_a_field_of_another_type_is_reported(response: swagger_client.Record, name: str) -> None:
    with pytest.raises(AttributeError, match="wrong type"):
        getattr(response, name)
    assert response.to_dict()[name] is None
