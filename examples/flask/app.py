"""Signs people in with quantimodo, and shows their newest measurements."""

import os
import secrets
from urllib.parse import urljoin, urlsplit

from authlib.integrations.flask_client import OAuth, OAuthError
from dotenv import load_dotenv
from flask import Flask, redirect, render_template, session, url_for

load_dotenv()
ISSUER = os.environ["QUANTIMODO_ISSUER"]
REDIRECT_URI = os.environ["QUANTIMODO_REDIRECT_URI"]
HOME = urljoin(REDIRECT_URI, "/")

app = Flask(__name__)
# With several processes, set the same key for all of them.
app.secret_key = os.environ.get("FLASK_SECRET_KEY") or secrets.token_hex()
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
app.config["SESSION_COOKIE_SECURE"] = REDIRECT_URI.startswith("https:")

# By a random session id; the cookie has only this id. Use your database instead.
tokens: dict[str, dict] = {}


def fetch_token(_: str) -> dict | None:
    return tokens.get(session.get("id", ""))


def update_token(_: str, token: dict, refresh_token: str, access_token: str | None = None) -> None:
    """Authlib has refreshed: the refresh token of before no longer works."""
    for id, stored in tokens.items():
        if stored["refresh_token"] == refresh_token:
            tokens[id] = {**stored, **token}
            return


oauth = OAuth(app, fetch_token=fetch_token, update_token=update_token)
oauth.register(
    "quantimodo",
    client_id=os.environ["QUANTIMODO_CLIENT_ID"],
    client_secret=os.environ["QUANTIMODO_CLIENT_SECRET"],
    server_metadata_url=f"{ISSUER}/.well-known/openid-configuration",
    client_kwargs={
        "scope": "openid profile readmeasurements offline_access",
        "code_challenge_method": "S256",
    },
)


@app.get("/")
def home() -> str:
    if fetch_token("quantimodo") is None:
        return render_template("home.html")
    response = oauth.quantimodo.get(
        f"{ISSUER}/api/v1/measurements", params={"sort": "-startTime", "limit": 10}
    )
    response.raise_for_status()
    return render_template("home.html", name=session["name"], measurements=response.json())


@app.get("/sign-in")
def sign_in():
    return oauth.quantimodo.authorize_redirect(REDIRECT_URI)


@app.get("/callback")
def callback():
    """Authlib checks state and nonce, redeems the code, and verifies the ID token. The tokens are
    stored before their first use, which may refresh them."""
    token = oauth.quantimodo.authorize_access_token()
    session.clear()
    session["id"] = secrets.token_urlsafe()
    tokens[session["id"]] = token
    person = oauth.quantimodo.userinfo()
    session["name"] = person.get("name", person["sub"])
    return redirect(url_for("home"))


@app.post("/sign-out")
def sign_out():
    """Ends the session here, revokes the tokens, and signs the person out at the server."""
    token = tokens.pop(session.get("id", ""), None)
    session.clear()
    if token is None:
        return redirect(url_for("home"))
    client = oauth.quantimodo
    client.post(
        client.load_server_metadata()["revocation_endpoint"],
        data={"token": token["refresh_token"]},
        auth=(client.client_id, client.client_secret),
        withhold_token=True,
    ).raise_for_status()
    return client.logout_redirect(HOME, id_token_hint=token["id_token"])


@app.errorhandler(OAuthError)
def refused(error: OAuthError):
    """The person cancelled, or the server refused a request. A token that ended is forgotten."""
    tokens.pop(session.get("id", ""), None)
    return render_template("home.html", error=error), 400


if __name__ == "__main__":
    address = urlsplit(REDIRECT_URI)
    app.run(address.hostname, address.port)
