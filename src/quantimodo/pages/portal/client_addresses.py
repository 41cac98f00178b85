"""Ids of applications in addresses of pages.

An id can be an https address (`protocol/client_documents.py`). It is encoded twice, because the
framework decodes a path once, and a slash would be another segment.
"""

from urllib.parse import quote, unquote

from starlette.requests import Request


def client_segment(client_id: str) -> str:
    """The id as one segment of a path."""
    return quote(quote(client_id, safe=""), safe="")


def client_path(client_id: str) -> str:
    """The local address of the page about what a person allowed the application."""
    return f"/account/apps/{client_segment(client_id)}"


def client_id_of(request: Request) -> str:
    """The id in the path of a request."""
    return unquote(request.path_params["client_id"])
