"""A website behind oauth2-proxy: each request that comes here is of a person who is signed in.

It must not be reachable except through the proxy, because it believes the headers.
"""

import json
import os
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

ISSUER = "http://127.0.0.1:8000"
CLIENT_ID = "your-client-id"
# The page of the proxy that deletes its cookie; the server returns to it after a logout.
SIGNED_OUT = "http://127.0.0.1:4180/oauth2/sign_out"

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Behind oauth2-proxy</title>
<h1>Hello {name}</h1><p>{email}</p><p>{measurements}</p><a href="{logout}">Sign out</a></html>"""


class Website(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        token = self.headers.get("X-Forwarded-Access-Token", "")
        query = urlencode({"client_id": CLIENT_ID, "post_logout_redirect_uri": SIGNED_OUT})
        page = PAGE.format(
            name=escape(get(f"{ISSUER}/api/v2/oauth2/userinfo", token)[0].get("name", "")),
            email=escape(self.headers.get("X-Forwarded-Email", "")),
            measurements=escape(measurements(token)),
            logout=escape(f"{ISSUER}/api/v2/oauth2/logout?{query}"),
        )
        content = page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def measurements(token: str) -> str:
    """How many measurements the person has, or why that is not known."""
    try:
        _, count = get(f"{ISSUER}/api/v1/measurements?limit=1", token)
    except HTTPError as refusal:
        return f"No measurements: {json.load(refusal)['error']}"
    return f"You have {count} measurements."


def get(address: str, token: str):
    """The JSON at the address, and how many results there are in all."""
    request = Request(address, headers={"Authorization": f"Bearer {token}"})
    with urlopen(request, timeout=30) as response:
        return json.load(response), response.headers.get("Total-Count")


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8032"))
    ThreadingHTTPServer(("127.0.0.1", port), Website).serve_forever()
