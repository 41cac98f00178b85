"""Fetches documents of applications, through the one guarded door (`http.py`)."""

from dataclasses import dataclass

from quantimodo.ports.fetch import FetchFailed
from quantimodo.providers.contract import ProviderFault
from quantimodo.providers.http import Door


@dataclass(frozen=True, slots=True)
class DoorFetcher:
    """The `Fetcher` of the house."""

    door: Door

    async def get(self, url: str, *, largest: int = 65_536) -> bytes:
        try:
            answer = await self.door.get(url, headers={"accept": "*/*"})
        except ProviderFault as fault:
            raise FetchFailed(fault.because) from None
        if not answer.ok:
            raise FetchFailed(f"status {answer.status}")
        if len(answer.body) > largest:
            raise FetchFailed(f"more than {largest} bytes")
        return answer.body
