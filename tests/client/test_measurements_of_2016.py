"""The measurements API in the style of 2016: one method for each call of the contract."""

from typing import Any

import pytest
from recorded_server import RecordedResponse, RecordedServer

import swagger_client

CALLS: list[tuple[str, str, tuple[Any, ...], dict[str, Any], str, str, Any]] = [
    ("UserApi", "v1_user_me_get", (), {}, "GET", "/api/v1/user/me", {"id": 1}),
    (
        "MeasurementsApi", "v1_measurements_get", (), {"limit": 5, "variable_name": "Mood"},
        "GET", "/api/v1/measurements", [{"id": 1}],
    ),
    (
        "MeasurementsApi", "v1_measurements_post", ([{"variableName": "Mood"}],), {},
        "POST", "/api/v1/measurements", {"success": True},
    ),
    ("MeasurementsApi", "v2_measurements_id_get", (7,), {}, "GET", "/api/v2/measurements/7", {}),
    (
        "MeasurementsApi", "v2_measurements_id_put", (7, {"value": 4}), {},
        "PUT", "/api/v2/measurements/7", {"id": 7},
    ),
    (
        "MeasurementsApi", "v2_measurements_id_delete", (7,), {},
        "DELETE", "/api/v2/measurements/7", None,
    ),
    (
        "MeasurementsApi", "v2_measurements_csv_get", (), {"sort": "-value"},
        "GET", "/api/v2/measurements/csv", b"a,b\n",
    ),
    (
        "MeasurementsApi", "v2_application_measurements_get", (), {},
        "GET", "/api/v2/application/measurements", [],
    ),
    ("VariablesApi", "v1_variables_get", (), {"limit": 5}, "GET", "/api/v1/variables", []),
    (
        "VariablesApi", "v1_variables_variable_name_get", ("Mood",), {},
        "GET", "/api/v1/variables/Mood", {"name": "Mood"},
    ),
    (
        "VariablesApi", "v1_variable_categories_get", (), {},
        "GET", "/api/v1/variableCategories", [],
    ),
    ("UnitsApi", "v1_units_get", (), {}, "GET", "/api/v1/units", []),
    ("UnitsApi", "v1_unit_categories_get", (), {}, "GET", "/api/v1/unitCategories", []),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[1])
def test_each_call_of_the_contract_has_its_method(
    configured: swagger_client.Configuration, recorded_server: RecordedServer, call: tuple[Any, ...]
) -> None:
    group, name, args, given, verb, path, body = call
    recorded_server.on(path, RecordedResponse(204 if body is None else 200, body))
    configured.access_token = "some-token"
    api = getattr(swagger_client, group)()
    expected = body.decode() if isinstance(body, bytes) else body
    assert getattr(api, name)(*args, **given) == expected
    data, status, _ = getattr(api, f"{name}_with_http_info")(*args, **given)
    assert (data, status) == (expected, 204 if body is None else 200)
    assert {received.method for received in recorded_server.requests} == {verb}
    assert {received.headers["authorization"] for received in recorded_server.requests} == {
        "Bearer some-token"
    }
    got: list[Any] = []
    getattr(api, name)(*args, **given, callback=got.append).join()
    assert got == [expected]


def test_every_method_is_called_above() -> None:
    named = {(group, name) for group, name, *_ in CALLS}
    there = {
        (group, name)
        for group in ("UserApi", "MeasurementsApi", "VariablesApi", "UnitsApi")
        for name in dir(getattr(swagger_client, group))
        if name.startswith("v") and not name.endswith("_with_http_info")
    }
    assert named == there
