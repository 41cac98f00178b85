"""What apps publish at their client_id, for the tests of client id metadata documents."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from quantimodo.model.clients import Client
from quantimodo.ports.document_fetcher import FetchedDocument, FetchFailed
from support.app import CALLBACK, App

APP = "https://diary.example.org/client.json"


def described(client_id: str = APP, **changes: Any) -> dict[str, Any]:
    """A document; a member that is None is left out."""
    document = {
        "client_id": client_id,
        "client_name": "Diary",
        "redirect_uris": [CALLBACK, "http://127.0.0.1/callback"],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        **changes,
    }
    return {name: value for name, value in document.items() if value is not None}


@dataclass
class Published:
    """A fetcher: the documents at their addresses, and what was fetched."""

    at: dict[str, bytes] = field(default_factory=dict)
    cache_control: str = ""
    fetched: list[str] = field(default_factory=list)

    def put(self, client_id: str = APP, **changes: Any) -> None:
        self.at[client_id] = json.dumps(described(client_id, **changes)).encode()

    async def fetch(self, url: str, *, largest: int = 65_536) -> bytes:
        return (await self.document(url, largest=largest)).body

    async def fetch_cacheable(self, url: str, *, largest: int) -> FetchedDocument:
        self.fetched.append(url)
        if url not in self.at or len(self.at[url]) > largest:
            raise FetchFailed("nothing there")
        return FetchedDocument(self.at[url], self.cache_control)


def app_of(app: App, client_id: str = APP) -> App:
    """The same app with the id of a document, and without a secret."""
    client: Client = replace(app.client, id=client_id, public=True)
    return App(client, None)
