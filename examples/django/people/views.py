"""Sign-in with quantimodo for Django's own users and sessions."""

from authlib.integrations.django_client import OAuth
from django.conf import settings
from django.contrib.auth import get_user_model, login, logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from people.models import QuantimodoAccount


def update_token(_: str, token: dict, refresh_token: str, access_token: str | None = None) -> None:
    """Authlib has refreshed: the refresh token of before no longer works."""
    with transaction.atomic():
        account = QuantimodoAccount.objects.get(token__refresh_token=refresh_token)
        account.token = {**account.token, **token}
        account.save()


oauth = OAuth(update_token=update_token)
oauth.register("quantimodo")


def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return render(request, "home.html")
    response = oauth.quantimodo.get(
        f"{settings.QUANTIMODO_ISSUER}/api/v1/measurements",
        params={"sort": "-startTime", "limit": 10},
        token=request.user.quantimodoaccount.token,
    )
    response.raise_for_status()
    return render(request, "home.html", {"measurements": response.json()})


def sign_in(request: HttpRequest) -> HttpResponse:
    return oauth.quantimodo.authorize_redirect(request, settings.QUANTIMODO_REDIRECT_URI)


def callback(request: HttpRequest) -> HttpResponse:
    """Authlib checks state and nonce, redeems the code, and verifies the ID token. The tokens are
    stored before their first use, which may refresh them."""
    token = oauth.quantimodo.authorize_access_token(request)
    subject = token["userinfo"]["sub"]
    with transaction.atomic():
        user, _ = get_user_model().objects.get_or_create(username=f"quantimodo {subject}")
        QuantimodoAccount.objects.update_or_create(
            subject=subject, defaults={"user": user, "token": token}
        )
    person = oauth.quantimodo.userinfo(token=token)
    user.first_name = person.get("name", subject)[:150]
    user.save()
    login(request, user)
    return redirect("home")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session here, revokes the tokens, and signs the person out at the server."""
    if not request.user.is_authenticated:
        return redirect("home")
    account = request.user.quantimodoaccount
    token, account.token = account.token, {}
    account.save()
    logout(request)
    client = oauth.quantimodo
    client.post(
        client.load_server_metadata()["revocation_endpoint"],
        data={"token": token["refresh_token"]},
        auth=(client.client_id, client.client_secret),
        withhold_token=True,
    ).raise_for_status()
    return client.logout_redirect(
        request, settings.QUANTIMODO_AFTER_SIGN_OUT, id_token_hint=token["id_token"]
    )
