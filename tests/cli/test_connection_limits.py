"""One client address, or all of them together, never hold more connections than a worker can."""

from dataclasses import dataclass, field
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest

from quantimodo.cli.server.connection_limits import (
    ConnectionLimiter,
    ConnectionPolicy,
    most_connections,
)


@dataclass
class Open:
    """A connection, as far as `ConnectionLimiter` looks at one."""

    idle: bool
    made_at: float
    closed: list[str] = field(default_factory=list)

    @property
    def transport(self) -> Any:
        return SimpleNamespace(close=lambda: self.closed.append("closed"))


def admit(admission: ConnectionLimiter, address: str, now: float = 0.0) -> str | None:
    return admission.admit(address, (), now)


def test_an_address_has_its_limit_and_gets_space_again() -> None:
    admission = ConnectionLimiter(ConnectionPolicy(per_address=2))
    parties = [admit(admission, "192.0.2.7") for _ in range(3)]
    assert parties[2] is None
    assert admit(admission, "192.0.2.8") is not None, "another address is not affected"
    assert parties[0] is not None
    admission.release(parties[0])
    assert admit(admission, "192.0.2.7") is not None
    assert admit(admission, "192.0.2.7") is None


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("192.0.2.7", "192.0.2.8", False),
    ],
)
def test_the_tokens_of_one_client_for_itself_count_as_one(
    one: str, other: str, shared: bool
) -> None:
    admission = ConnectionLimiter(ConnectionPolicy(per_address=1))
    assert admit(admission, one) is not None
    assert (admit(admission, other) is None) == shared


def test_trusted_proxies_are_not_counted() -> None:
    exempt = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]
    admission = ConnectionLimiter(ConnectionPolicy(per_address=1, exempt=exempt))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"):
        assert all(admit(admission, address) is not None for _ in range(9))
    assert admit(admission, "192.0.2.7") is not None
    assert admit(admission, "192.0.2.7") is None
    # What has no address (a reset before it was accepted) is not a proxy.
    assert admit(admission, "") is not None
    assert admit(admission, "") is None


def test_at_the_limit_of_all_idle_connections_are_closed() -> None:
    admission = ConnectionLimiter(ConnectionPolicy(total=2, exempt=[ip_network("10.0.0.0/8")]))
    idle, busy, new = Open(True, 0.0), Open(False, 0.0), Open(True, 9.5)
    client_network = admit(admission, "192.0.2.7", 0.0)
    assert admit(admission, "10.1.2.3", 0.0) is not None
    assert admission.admit("10.1.2.3", [idle, busy, new], 10.0) is None, "proxies too"
    assert [idle.closed, busy.closed, new.closed] == [["closed"], [], []]
    assert admission.admit("192.0.2.8", [idle], 10.5) is None
    assert idle.closed == ["closed"], "looked for at most once a second"
    assert client_network is not None
    admission.release(client_network)
    assert admit(admission, "192.0.2.8", 11.0) is not None


def test_a_worker_keeps_files_for_itself() -> None:
    assert most_connections(65_536) == 65_280
    assert most_connections(256) == 128
    assert most_connections(1) == 1
    assert most_connections(-1) == ConnectionPolicy().total
