"""v2-api.md §8: the methods, their twins, callbacks, and what a caller gets wrong."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from recorded_server import RecordedResponse, RecordedServer

import swagger_client
from support.checks import not_empty
from swagger_client.rest import ApiException

SOCIAL = "/api/v2/auth/social"
TOKEN = "/api/v2/oauth2/access_token"
AUTHORIZE = "/api/v2/oauth/authorize"
LOGIN = {
    "success": True,
    "data": {
        "token": "eyJhbGciOiJFUzI1NiJ9.e30.c2ln",
        "tokenType": "Bearer",
        "expiresIn": 600,
        "newUser": False,
        "user": {"id": 42, "displayName": "Ann", "loginName": "ann", "email": "ann@example.org"},
    },
}
TOKENS = {
    "access_token": "qma_fake-access-token",
    "token_type": "Bearer",
    "expires_in": 3600,
    "refresh_token": "qmr_fake-refresh-token",
    "scope": "basic",
}


@pytest.fixture
def api(configured: swagger_client.Configuration) -> swagger_client.AuthenticationApi:
    return swagger_client.AuthenticationApi()


def test_the_response_is_typed_and_still_a_dict(
    api: swagger_client.AuthenticationApi, recorded_server: RecordedServer
) -> None:
    recorded_server.on(f"{SOCIAL}/authorizeCode", RecordedResponse(body=LOGIN))
    response = api.v2_auth_social_authorize_code_get("some-code", "google")
    assert response == LOGIN
    assert response["data"]["user"]["id"] == response.data.user.id == 42
    assert (response.data.expires_in, response.data.new_user) == (600, False)
    assert response.data.user.display_name == "Ann"
    assert response.data.user.administrator is None
    assert LOGIN["data"]["token"] not in repr(response)  # type: ignore[index]
    (received,) = recorded_server.requests
    assert received.query == {"code": "some-code", "provider": "google"}


def test_each_method_sends_what_the_page_says(
    api: swagger_client.AuthenticationApi, recorded_server: RecordedServer
) -> None:
    recorded_server.on(f"{SOCIAL}/authorizeCode", RecordedResponse(body=LOGIN))
    recorded_server.on(f"{SOCIAL}/authorizeToken", RecordedResponse(body=LOGIN))
    recorded_server.on(TOKEN, RecordedResponse(body=TOKENS))
    recorded_server.on(
        f"{SOCIAL}/login", RecordedResponse(303, headers={"location": "https://p.example/ask"})
    )
    recorded_server.on(
        AUTHORIZE, RecordedResponse(body={"success": True, "data": {"code": "c", "state": "s"}})
    )
    api.v2_auth_social_authorize_code_get("c", "google", code_verifier="v", redirect_url="r")
    api.v2_auth_social_authorize_token_get("t", "facebook", refresh_token="r")
    assert api.v2_auth_social_login_get("u", "google").location == "https://p.example/ask"
    tokens = api.v2_oauth2_access_token_get(
        "id", "secret", "authorization_code", "c", response_type="code", scope="basic",
        redirect_uri="u", state="s", code_verifier="v",
    )  # fmt: skip
    assert tokens.refresh_token == tokens["refresh_token"] == TOKENS["refresh_token"]
    allowed = api.v2_oauth_authorize_get("id", "", "code", "basic", redirect_uri="u", state="s")
    assert allowed.data is not None
    assert allowed.data.code == "c"
    assert [received.query for received in recorded_server.requests] == [
        {"code": "c", "provider": "google", "code_verifier": "v", "redirectUrl": "r"},
        {"accessToken": "t", "provider": "facebook", "refreshToken": "r"},
        {"redirectUrl": "u", "provider": "google"},
        {
            "client_id": "id",
            "client_secret": "secret",
            "grant_type": "authorization_code",
            "code": "c",
            "response_type": "code",
            "scope": "basic",
            "redirect_uri": "u",
            "state": "s",
            "code_verifier": "v",
        },
        {
            "client_id": "id",
            "client_secret": "",
            "response_type": "code",
            "scope": "basic",
            "redirect_uri": "u",
            "state": "s",
        },
    ]
    assert {received.method for received in recorded_server.requests} == {"GET"}


def test_headers_are_those_of_the_generated_client(
    api: swagger_client.AuthenticationApi, recorded_server: RecordedServer
) -> None:
    recorded_server.on(f"{SOCIAL}/authorizeCode", RecordedResponse(body=LOGIN))
    api.v2_auth_social_authorize_code_get("c", "google")
    swagger_client.configuration.access_token = "some-token"
    api.api_client.user_agent = "my-app/1"
    api.api_client.set_default_header("X-Request-Id", "7")
    api.v2_auth_social_authorize_code_get("c", "google")
    empty, full = (received.headers for received in recorded_server.requests)
    assert empty["accept"] == empty["content-type"] == "application/json"
    assert empty["authorization"] == "Bearer"  # `Bearer ` on the wire means the same
    assert empty["user-agent"].startswith("quantimodo-client/")
    assert full["authorization"] == "Bearer some-token"
    assert (full["user-agent"], full["x-request-id"]) == ("my-app/1", "7")


def test_the_variant_returns_data_status_and_headers(
    api: swagger_client.AuthenticationApi, recorded_server: RecordedServer
) -> None:
    recorded_server.on(
        f"{SOCIAL}/authorizeCode", RecordedResponse(body=LOGIN, headers={"X-Trace": "abc"})
    )
    data, status, headers = api.v2_auth_social_authorize_code_get_with_http_info("c", "google")
    assert (data.data.user.id, status, headers["x-trace"]) == (42, 200, "abc")
    response = api.v2_auth_social_authorize_code_get("c", "google", _preload_content=False)
    assert isinstance(response, swagger_client.rest.RESTResponse)


@pytest.mark.parametrize("twin", [False, True])
def test_a_callback_is_called_on_the_thread_that_is_returned(
    api: swagger_client.AuthenticationApi, recorded_server: RecordedServer, twin: bool
) -> None:
    recorded_server.on(f"{SOCIAL}/authorizeCode", RecordedResponse(body=LOGIN))
    got: list[tuple[Any, threading.Thread]] = []

    def callback(response: Any) -> None:
        got.append((response, threading.current_thread()))

    method: Callable[..., Any] = (
        api.v2_auth_social_authorize_code_get_with_http_info
        if twin
        else api.v2_auth_social_authorize_code_get
    )
    thread = method("c", "google", callback=callback)
    assert isinstance(thread, threading.Thread)
    thread.join()
    ((response, ran_on),) = got
    assert ran_on is thread
    assert (response[0] if twin else response) == LOGIN
    assert not twin or response[1] == 200


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_refusal_on_a_thread_is_not_lost(
    api: swagger_client.AuthenticationApi,
    recorded_server: RecordedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recorded_server.on(f"{SOCIAL}/authorizeCode", RecordedResponse(400, {"success": False}))
    received: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", received.append)
    thread = api.v2_auth_social_authorize_code_get("c", "google", callback=print)
    thread.join()
    assert received[0].exc_value.status == 400


def test_a_missing_parameter_is_a_value_error(api: swagger_client.AuthenticationApi) -> None:
    methods: list[tuple[Callable[..., Any], dict[str, str]]] = [
        (api.v2_auth_social_authorize_code_get, {"code": "c", "provider": "p"}),
        (api.v2_auth_social_authorize_token_get, {"access_token": "t", "provider": "p"}),
        (api.v2_auth_social_login_get, {"redirect_url": "u", "provider": "p"}),
        (
            api.v2_oauth2_access_token_get,
            {"client_id": "i", "client_secret": "s", "grant_type": "g", "code": "c"},
        ),
        (
            api.v2_oauth_authorize_get,
            {"client_id": "i", "client_secret": "s", "response_type": "code", "scope": "basic"},
        ),
        (api.v2_oauth_authorize_get_with_http_info, {"client_id": "i", "client_secret": "s"}),
    ]
    for method, parameters in methods:
        for missing in not_empty(parameters):
            others = {name: value for name, value in parameters.items() if name != missing}
            for given in (others, {**others, missing: None}):
                with pytest.raises(ValueError, match=f"required parameter `{missing}`"):
                    method(**given)


def test_an_unknown_keyword_is_a_type_error(api: swagger_client.AuthenticationApi) -> None:
    method: Any = api.v2_auth_social_login_get
    with pytest.raises(TypeError, match="unexpected keyword argument 'redirect_uri'"):
        method("u", "p", redirect_uri="u")
    twin: Any = api.v2_auth_social_login_get_with_http_info
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        twin("u", "p", colour="red")
    measurements: Any = swagger_client.MeasurementsApi()
    with pytest.raises(TypeError, match="'colour'"):
        measurements.v1_measurements_get(colour="red")


def test_a_redirect_is_shown_and_never_followed(
    api: swagger_client.AuthenticationApi, recorded_server: RecordedServer
) -> None:
    elsewhere = f"{recorded_server.address}/elsewhere"
    recorded_server.on(f"{SOCIAL}/login", RecordedResponse(303, headers={"location": elsewhere}))
    recorded_server.on(
        f"{SOCIAL}/authorizeCode", RecordedResponse(303, headers={"location": elsewhere})
    )
    assert api.v2_auth_social_login_get("u", "google").location == elsewhere
    with pytest.raises(ApiException) as refused:
        api.v2_auth_social_authorize_code_get("c", "google")
    assert refused.value.status == 303
    assert not recorded_server.requests_to("/elsewhere")


def test_any_call_can_be_made_by_hand(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    recorded_server.on("/api/v9/things/a%2Fb", RecordedResponse(body={"ok": 1}))
    client = swagger_client.ApiClient(header_name="X-One", header_value="1", cookie="k=v")
    data, status, _ = client.call_api(
        "/v9/things/{name}",
        "POST",
        {"name": "a/b"},
        {"some": [1, 2], "none": None},
        {"X-Two": "2"},
        body={"at": swagger_client.NewMeasurement(7, 1.5)},
        auth_settings=["oauth2"],
        collection_formats={"some": "csv"},
    )
    assert (data, status) == ({"ok": 1}, 200)
    (received,) = recorded_server.requests
    assert received.query == {"some": "1,2"}
    assert received.json == {"at": {"startTime": 7, "value": 1.5}}
    assert (received.headers["x-one"], received.headers["x-two"]) == ("1", "2")
    assert received.headers["cookie"] == "k=v"
    client.close()


def test_no_value_can_lead_to_another_path(
    configured: swagger_client.Configuration, recorded_server: RecordedServer
) -> None:
    variables = swagger_client.VariablesApi()
    for name in ("../user/me", "..", "a?b#c", "Sleep Quality"):
        with pytest.raises(ApiException):
            variables.v1_variables_variable_name_get(name)
    paths = [received.path for received in recorded_server.requests]
    assert paths == [
        "/api/v1/variables/..%2Fuser%2Fme",
        "/api/v1/variables/%2E%2E",
        "/api/v1/variables/a%3Fb%23c",
        "/api/v1/variables/Sleep%20Quality",
    ]
