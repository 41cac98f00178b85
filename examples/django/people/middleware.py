"""A refused sign-in or refresh is a page that says why."""

from authlib.integrations.django_client import OAuthError
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class RefusedSignIn:
    """Authlib raises `OAuthError` where the person cancelled, or the server refused a request."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OAuthError):
            return None
        logout(request)
        return render(request, "home.html", {"error": error}, status=400)
