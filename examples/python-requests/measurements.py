"""Shows the newest measurements of a person. `sign-out` as an argument ends the sign-in.

The first run opens the browser. Later runs use the refresh token in `tokens.json`.
"""

import base64
import hashlib
import json
import os
import secrets
import sys
import time
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from dotenv import load_dotenv

load_dotenv(Path(__file__).with_name(".env"))
ISSUER = os.environ["QUANTIMODO_ISSUER"]
CLIENT_ID = os.environ["QUANTIMODO_CLIENT_ID"]
REDIRECT_URI = os.environ["QUANTIMODO_REDIRECT_URI"]
SCOPE = "openid profile readmeasurements offline_access"
STORE = Path(__file__).with_name("tokens.json")
SECONDS = 10

session = requests.Session()


def main() -> None:
    metadata = session.get(f"{ISSUER}/.well-known/openid-configuration", timeout=SECONDS).json()
    if sys.argv[1:] == ["sign-out"]:
        sign_out(metadata)
    elif STORE.exists():
        show(metadata, refresh(metadata, json.loads(STORE.read_text())))
    else:
        show(metadata, sign_in(metadata))


def sign_in(metadata: dict) -> dict:
    """The authorization code flow with PKCE (RFC 8252: native applications)."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    sent = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT_URI,
        "scope": SCOPE,
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    received = callback(f"{metadata['authorization_endpoint']}?{urlencode(sent)}")
    if received.get("state") != sent["state"] or received.get("iss") != metadata["issuer"]:
        fail("The response is not for this request.")
    if "error" in received:
        fail(f"{received['error']}: {received.get('error_description', '')}")
    tokens = request_tokens(
        metadata,
        grant_type="authorization_code",
        code=received["code"],
        redirect_uri=REDIRECT_URI,
        code_verifier=verifier,
    )
    check_id_token(tokens["id_token"], metadata["issuer"], sent["nonce"])
    return tokens


def callback(address: str) -> dict:
    """Open the address in the browser, and wait until it comes back to the redirect URI."""
    place, received = urlsplit(REDIRECT_URI), {}

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path != place.path:
                self.send_error(404)
                return
            received.update(parse_qsl(url.query))
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.end_headers()
            self.wfile.write(b"Done. Close this page and return to the terminal.\n")

        def log_message(self, *_: object) -> None:
            """The address has the code in it: it is not for a log."""

    with HTTPServer((place.hostname, place.port), Callback) as server:
        print("Open", address, flush=True)
        webbrowser.open(address)
        while not received:
            server.handle_request()
    return received


def check_id_token(id_token: str, issuer: str, nonce: str) -> None:
    """OpenID Connect Core, section 3.1.3.7. TLS replaces the check of the signature, because the
    token comes straight from the token endpoint."""
    payload = id_token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    expected = {"iss": issuer, "aud": CLIENT_ID, "nonce": nonce}
    if any(claims.get(name) != value for name, value in expected.items()):
        fail("The ID token is not for this request.")
    if claims["exp"] < time.time():
        fail("The ID token has expired. Check the clock of this machine.")


def refresh(metadata: dict, tokens: dict) -> dict:
    """New tokens for the stored refresh token. The ID token stays that of the sign-in."""
    fresh = request_tokens(
        metadata, grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    return {**tokens, **fresh}


def request_tokens(metadata: dict, **form: str) -> dict:
    response = session.post(
        metadata["token_endpoint"], data={**form, "client_id": CLIENT_ID}, timeout=SECONDS
    )
    tokens = response.json()
    if not response.ok:
        STORE.unlink(missing_ok=True)
        fail(f"{tokens['error']}: {tokens['error_description']}\nSee {tokens['error_uri']}")
    return tokens


def show(metadata: dict, tokens: dict) -> None:
    """Store the tokens first: the refresh token of before no longer works."""
    STORE.touch(mode=0o600)
    STORE.write_text(json.dumps(tokens))
    session.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    person = session.get(metadata["userinfo_endpoint"], timeout=SECONDS).json()
    print("Signed in as", person.get("name", person["sub"]))
    response = session.get(
        f"{ISSUER}/api/v1/measurements",
        params={"sort": "-startTime", "limit": 10},
        timeout=SECONDS,
    )
    response.raise_for_status()
    for each in response.json():
        print(each["humanTime"], each["variable"], each["value"], each["unit"])
    print(response.headers["Total-Count"], "measurements in all")


def sign_out(metadata: dict) -> None:
    """Revoke the refresh token, and sign out in the browser too."""
    if not STORE.exists():
        fail("Not signed in.")
    tokens = json.loads(STORE.read_text())
    STORE.unlink()
    session.post(
        metadata["revocation_endpoint"],
        data={"token": tokens["refresh_token"], "client_id": CLIENT_ID},
        timeout=SECONDS,
    ).raise_for_status()
    address = (
        f"{metadata['end_session_endpoint']}?{urlencode({'id_token_hint': tokens['id_token']})}"
    )
    print("Open", address, flush=True)
    webbrowser.open(address)


def fail(message: str) -> NoReturn:
    sys.exit(message)


if __name__ == "__main__":
    main()
