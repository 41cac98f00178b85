"""Signs people in with quantimodo, and shows their newest measurements."""

import os
import secrets
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import uvicorn
from authlib.integrations.starlette_client import OAuth, OAuthError
from dotenv import load_dotenv
from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates
from starlette.middleware.sessions import SessionMiddleware

load_dotenv()
ISSUER = os.environ["QUANTIMODO_ISSUER"]
REDIRECT_URI = os.environ["QUANTIMODO_REDIRECT_URI"]
HOME = urljoin(REDIRECT_URI, "/")

app = FastAPI()
templates = Jinja2Templates(Path(__file__).with_name("templates"))
app.add_middleware(
    SessionMiddleware,
    # With several processes, set the same key for all of them.
    secret_key=os.environ.get("SESSION_SECRET_KEY") or secrets.token_hex(),
    same_site="lax",
    https_only=REDIRECT_URI.startswith("https:"),
)

# By a random session id; the cookie has only this id. Use your database instead.
tokens: dict[str, dict] = {}


async def fetch_token(_: str, request: Request) -> dict | None:
    return tokens.get(request.session.get("id", ""))


async def update_token(
    _: str, token: dict, refresh_token: str, access_token: str | None = None
) -> None:
    """Authlib has refreshed: the refresh token of before no longer works."""
    for id, stored in tokens.items():
        if stored["refresh_token"] == refresh_token:
            tokens[id] = {**stored, **token}
            return


oauth = OAuth(fetch_token=fetch_token, update_token=update_token)
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
async def home(request: Request) -> Response:
    if await fetch_token("quantimodo", request) is None:
        return templates.TemplateResponse(request, "home.html")
    response = await oauth.quantimodo.get(
        f"{ISSUER}/api/v1/measurements",
        params={"sort": "-startTime", "limit": 10},
        request=request,
    )
    response.raise_for_status()
    shown = {"name": request.session["name"], "measurements": response.json()}
    return templates.TemplateResponse(request, "home.html", shown)


@app.get("/sign-in")
async def sign_in(request: Request) -> Response:
    return await oauth.quantimodo.authorize_redirect(request, REDIRECT_URI)


@app.get("/callback")
async def callback(request: Request) -> Response:
    """Authlib checks state and nonce, redeems the code, and verifies the ID token. The tokens are
    stored before their first use, which may refresh them."""
    token = await oauth.quantimodo.authorize_access_token(request)
    request.session.clear()
    request.session["id"] = secrets.token_urlsafe()
    tokens[request.session["id"]] = token
    person = await oauth.quantimodo.userinfo(request=request)
    request.session["name"] = person.get("name", person["sub"])
    return RedirectResponse("/", 303)


@app.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Ends the session here, revokes the tokens, and signs the person out at the server."""
    token = tokens.pop(request.session.get("id", ""), None)
    request.session.clear()
    if token is None:
        return RedirectResponse("/", 303)
    client = oauth.quantimodo
    revoked = await client.post(
        (await client.load_server_metadata())["revocation_endpoint"],
        data={"token": token["refresh_token"]},
        auth=(client.client_id, client.client_secret),
        withhold_token=True,
    )
    revoked.raise_for_status()
    return await client.logout_redirect(request, HOME, id_token_hint=token["id_token"])


@app.exception_handler(OAuthError)
async def refused(request: Request, error: OAuthError) -> Response:
    """The person cancelled, or the server refused a request. A token that ended is forgotten."""
    tokens.pop(request.session.get("id", ""), None)
    return templates.TemplateResponse(request, "home.html", {"error": error}, status_code=400)


if __name__ == "__main__":
    address = urlsplit(REDIRECT_URI)
    uvicorn.run(app, host=address.hostname, port=address.port)
