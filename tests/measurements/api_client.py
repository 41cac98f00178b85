"""A client of the measurements API, with a token of one person, and sample bodies."""

from typing import Any

import httpx

from support.app import AppHarness

LIST, ONE = "/api/v1/measurements", "/api/v2/measurements"
CSV, OF_APP = "/api/v2/measurements/csv", "/api/v2/application/measurements"
ALL = "basic readmeasurements writemeasurements"
START = 1_439_389_320
SLEEP: dict[str, Any] = {
    "variableName": "Sleep Quality",
    "sourceName": "My App",
    "variableCategoryName": "Sleep",
    "combinationOperation": "MEAN",
    "abbreviatedUnitName": "/5",
    "measurements": [
        {"startTime": START, "value": 3, "note": "so so"},
        {"startTime": START + 86_400, "value": 5},
    ],
}


class ApiClient:
    """Sends requests with one access token."""

    def __init__(self, harness: AppHarness, token: str) -> None:
        self._http = harness.browser()
        self._headers = {"authorization": f"Bearer {token}"}

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self._http.get(path, params=query, headers=self._headers)

    async def send(self, method: str, path: str, json: Any = None) -> httpx.Response:
        return await self._http.request(method, path, json=json, headers=self._headers)

    async def add(self, *sets: Any) -> None:
        assert (await self.send("POST", LIST, list(sets))).json() == {"success": True}

    async def values(self, **query: Any) -> list[float]:
        response = await self.get(LIST, **query)
        assert response.status_code == 200, response.text
        return [each["value"] for each in response.json()]


async def open_client(harness: AppHarness, scope: str, email: str = "ann@example.org") -> ApiClient:
    """A new application with a token for `scope`, of the person with this address."""
    client = await harness.app(scope=frozenset(ALL.split()))
    tokens = await harness.tokens(client, await harness.signed_in(email), scope=scope)
    return ApiClient(harness, tokens["access_token"])
