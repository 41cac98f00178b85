"""`query_of`: the parameters of an address."""

from urllib.parse import parse_qsl, urlsplit


def query_of(address: str) -> dict[str, str]:
    """The parameters of an address that has some. Fails if one is there twice."""
    pairs = parse_qsl(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    found = dict(pairs)
    assert len(found) == len(pairs), address
    return found
