"""Redirect URIs: what may be registered, and that an address is matched as a string
(security.md §1, RFC 8252 §7.3)."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from quantimodo.protocol.redirects import (
    check_redirect_uri,
    is_claimed,
    matches,
)
from quantimodo.protocol.uris import LONGEST, InvalidUri

ACCEPTED = [
    "https://app.example/callback",
    "https://app.example",
    "https://app.example:8443/a/b?x=1&y=%2F",
    "https://xn--bcher-kva.example/",
    "https://192.0.2.7/cb",
    "https://[2001:db8::1]/cb",
    "http://127.0.0.1/cb",
    "http://127.0.0.1:49152/cb",
    "http://[::1]:49152/cb",
    "http://localhost:3000/cb",
    "com.example.app:/oauth2redirect",
    "com.example.app://oauth2redirect",
    "io.example-2.app:/cb?x=1",
]

REFUSED = [
    "",
    " https://app.example/",
    "https://app.example/ ",
    "https://app.example/a b",
    "https://app.example/\n",
    "https://app.example/\x00",
    "https://app.example\t/",
    "https://app.example\\@evil.example/",
    "https://bücher.example/",
    "https://app.example/“quoted”",
    'https://app.example/"',
    "https://app.example/<script>",
    "https://app.example/%zz",
    "https://app.example/cb#fragment",
    "https://app.example/cb#",
    "https://*.example/cb",
    "https://app.example/*",
    "https://user@app.example/",
    "https://user:word@app.example/",
    "https://app.example@evil.example/",
    "https://:443/",
    "https://",
    "https:///cb",
    "https:/cb",
    "https:cb",
    "https://app..example/",
    "https://-app.example/",
    "https://.example/",
    "https://app%2eexample/",
    "https://app.example:/",
    "https://app.example:0/",
    "https://app.example:65536/",
    "https://app.example:٤٤٣/",
    "https://[::1/",
    "https://[::g]/",
    "https://[1.2.3.4]/",
    "https://[fe80::1%25eth0]/",
    "HTTPS://app.example/",
    "Http://127.0.0.1/",
    "http://app.example/cb",
    "http://127.0.0.2/cb",
    "http://127.0.0.1.evil.example/",
    "http://localhost.evil.example/",
    "http://2130706433/",
    "http://0x7f.0.0.1/",
    "http://[::ffff:127.0.0.1]/",
    "http://user@127.0.0.1/",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java\nscript:alert(1)",
    "javascript://app.example/%0Aalert(1)",
    "data:text/html,x",
    "file:///etc/hosts",
    "vbscript:x",
    "blob:https://app.example/1",
    "about:blank",
    "view-source:https://app.example/",
    "ftp://app.example/",
    "ws://app.example/",
    "mailto:someone@app.example",
    "myapp:/cb",
    "urn:ietf:wg:oauth:2.0:oob",
    "com..example:/cb",
    "com.example.:/cb",
    "COM.example.app:/cb",
    "com.example.app://user@host/cb",
    "/callback",
    "//app.example/callback",
    "app.example/callback",
    "https://app.example/" + "a" * LONGEST,
]

SCHEMES = st.sampled_from(
    ["https://", "http://", "com.example.app:/", "javascript:", "HTTPS://", ""]
)
HOSTS = st.sampled_from(
    ["app.example", "127.0.0.1", "[::1]", "localhost", "evil.example", "user@", "127.0.0.1@", ""]
)
PIECES = st.from_regex(r"\A[/?][a-z0-9:/?&=.]{0,10}\Z") | st.text(
    st.characters() | st.sampled_from("/:?#@\\*%.[] \n"), max_size=20
)
LOOPBACKS = st.sampled_from(["http://127.0.0.1", "http://[::1]"])
PORTS = st.none() | st.integers(1, 65535)
TAILS = st.from_regex(r"\A(/[a-z0-9/._~-]{0,15}(\?[a-z0-9=&]{0,10})?)?\Z")


def shaped() -> st.SearchStrategy[str]:
    return st.builds("{}{}{}{}".format, SCHEMES, HOSTS, st.sampled_from(["", ":80", ":0"]), PIECES)


def accepted(uri: str) -> bool:
    try:
        check_redirect_uri(uri)
    except InvalidUri:
        return False
    return True


def with_port(origin: str, port: int | None, tail: str) -> str:
    return f"{origin}{'' if port is None else f':{port}'}{tail}"


@pytest.mark.parametrize("uri", ACCEPTED)
def test_a_sound_address_is_accepted(uri: str) -> None:
    assert accepted(uri)


@pytest.mark.parametrize("uri", REFUSED)
def test_an_unsound_address_is_refused(uri: str) -> None:
    with pytest.raises(InvalidUri):
        check_redirect_uri(uri)


def test_the_longest_address_is_accepted_and_one_letter_more_is_not() -> None:
    stem = "https://app.example/"
    assert accepted(stem + "a" * (LONGEST - len(stem)))
    assert not accepted(stem + "a" * (LONGEST - len(stem) + 1))


@pytest.mark.parametrize("uri", [uri for uri in REFUSED if len(uri) > 12])
def test_a_refusal_never_echoes_the_address(uri: str) -> None:
    with pytest.raises(InvalidUri) as refusal:
        check_redirect_uri(uri)
    assert uri not in str(refusal.value)


@pytest.mark.parametrize("tail", ["", "/cb", "/cb?x=1", "?x=1"])
def test_a_public_clients_localhost_may_differ_in_its_port(tail: str) -> None:
    # RFC 8252 §7.3, §8.3
    for registered in (f"http://localhost{tail}", f"http://localhost:3000{tail}"):
        for port in ("", ":1", ":3000", ":65535"):
            requested = f"http://localhost{port}{tail}"
            assert matches(registered, requested, public=True)
            assert matches(registered, requested) is (registered == requested)
        for requested in (
            f"http://localhost:0{tail}",
            f"http://localhost:65536{tail}",
            f"http://localhost:{tail}",
            f"http://LOCALHOST:1{tail}",
            f"https://localhost:1{tail}",
            f"http://localhost.evil.example:1{tail}",
            f"http://127.0.0.1:1{tail}",
            f"http://localhost:1{tail}x" if tail else "http://localhost:1x",
            f"http://evil@localhost:1{tail}",
        ):
            assert not matches(registered, requested, public=True), requested


def test_a_port_is_free_for_no_other_address_of_a_public_client() -> None:
    for origin in ("https://app.example", "https://localhost", "com.example.app://x"):
        assert not matches(f"{origin}/cb", f"{origin}:1/cb", public=True)


@pytest.mark.parametrize("uri", ACCEPTED)
def test_https_on_a_host_of_the_network_is_claimed_and_nothing_else(uri: str) -> None:
    assert is_claimed(uri) is uri.startswith("https://")
    for local in ("https://localhost/", "https://LOCALHOST:1/", "https://127.0.0.1/cb"):
        assert not is_claimed(local)


@given(st.text() | shaped())
def test_no_text_does_anything_but_pass_or_be_refused(uri: str) -> None:
    accepted(uri)


@given(shaped())
def test_an_accepted_uri_is_visible_ascii_without_fragment_or_star(uri: str) -> None:
    plain = uri.isascii() and uri.isprintable() and not set(uri) & set('#*\\ "<>')
    assert plain or not accepted(uri)


@given(shaped().map(lambda uri: f"http:{uri.partition(':')[2]}"))
def test_plain_http_is_accepted_for_this_machine_only(uri: str) -> None:
    host = uri.removeprefix("http://").split("/")[0].split("?")[0].removesuffix(":80")
    assert host in {"127.0.0.1", "[::1]", "localhost"} or not accepted(uri)


@given(st.from_regex(r"\A[A-Za-z][A-Za-z0-9+-]{0,20}\Z"), PIECES)
def test_a_scheme_without_a_dot_is_never_an_apps_own(scheme: str, rest: str) -> None:
    assume(scheme not in ("http", "https"))
    assert not accepted(f"{scheme}:{rest}")


@given(st.text() | shaped())
def test_every_address_matches_itself(uri: str) -> None:
    assert matches(uri, uri)


@given(shaped(), shaped())
def test_matching_does_not_depend_on_who_is_first(one: str, other: str) -> None:
    assert matches(one, other) == matches(other, one)


@given(shaped(), PIECES, st.integers(0, 60))
@example("https://app.example", "/", 60)
@example("https://app.example", ".evil.example", 60)
@example("https://app.example/cb", "/../other", 60)
@example("https://localhost/cb", ":8", 17)
@example("http://localhost/cb", ":8", 16)
@example("http://127.0.0.1/cb", "x", 60)
@example("http://127.0.0.1/cb", "@evil.example", 16)
def test_a_changed_address_matches_only_as_a_loopback_port(uri: str, piece: str, at: int) -> None:
    changed = uri[:at] + piece + uri[at:]
    assume(changed != uri)
    is_port = piece.strip(":0123456789") == ""
    loopback = uri.startswith(("http://127.0.0.1", "http://[::1]"))
    assert (is_port and loopback) or not matches(uri, changed)


@given(LOOPBACKS, PORTS, PORTS, TAILS)
def test_a_loopback_address_matches_on_any_port(
    origin: str, one: int | None, other: int | None, tail: str
) -> None:
    assert matches(with_port(origin, one, tail), with_port(origin, other, tail))


@given(LOOPBACKS, PORTS, PORTS, TAILS, TAILS)
def test_a_loopback_address_matches_no_other_path_or_query(
    origin: str, one: int | None, other: int | None, tail: str, another: str
) -> None:
    assume(tail != another)
    assert not matches(with_port(origin, one, tail), with_port(origin, other, another))


@pytest.mark.parametrize(
    ("registered", "requested"),
    [
        ("http://localhost:1/cb", "http://localhost:2/cb"),
        ("https://127.0.0.1:1/cb", "https://127.0.0.1:2/cb"),
        ("https://app.example:1/cb", "https://app.example:2/cb"),
        ("http://127.0.0.1/cb", "http://[::1]/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.2:9/cb"),
        ("http://127.0.0.1:1/cb", "https://127.0.0.1:2/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2@evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:9.evil.example/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:0/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:70000/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:٢/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb\n"),
        ("http://127.0.0.1:1", "http://127.0.0.1:2/"),
        ("http://127.0.0.1:1/cb", "HTTP://127.0.0.1:1/cb"),
        ("https://app.example/cb", "https://app.example/CB"),
        ("https://app.example/cb", "https://app.example/cb/"),
        ("https://app.example/cb", "https://app.example/cb?x=1"),
        ("https://app.example/cb", "https://app.example/%63b"),
        ("https://app.example/cb", "https://app.example/x/../cb"),
        ("https://app.example/cb", "https://APP.example/cb"),
    ],
)
def test_a_similar_address_is_another_address(registered: str, requested: str) -> None:
    assert not matches(registered, requested)
