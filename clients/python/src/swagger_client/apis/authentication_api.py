"""Signing in and getting tokens, as the document of 2016 describes it.

`swagger_client.session.OAuthSession` does the same with less code and no secret in a query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from swagger_client.calls import Call, pairs
from swagger_client.models import AuthorizationAnswer, LoginAnswer, SocialLogin, TokenAnswer
from swagger_client.operations import Api, Options, operation, with_http_info
from swagger_client.records import one

if TYPE_CHECKING:
    from typing_extensions import Unpack


class AuthenticationApi(Api):
    """The five methods of `/v2/auth/social/…`, `/v2/oauth2/access_token`, `/v2/oauth/authorize`.

    Each may run on a thread (`callback=`), and each has a variant `…_with_http_info` that returns
    (data, status, headers). A missing parameter is a `ValueError`, an unknown one a `TypeError`,
    a refusal an `ApiException`.
    """

    @operation
    def v2_auth_social_authorize_code_get(
        self,
        code: str,
        provider: str,
        *,
        code_verifier: str | None = None,
        redirect_url: str | None = None,
        **options: Unpack[Options],
    ) -> Call[LoginAnswer]:
        """Second step of a social sign-in: exchange the code for a login JWT.

        `code`: what came back to the application, from this server or from the provider itself.
        `provider`: `google`, `facebook`, or another that the server is set up for.
        `code_verifier`: when the first step was sent a `code_challenge`.
        `redirect_url`: the address to which the provider sent its own code.
        """
        query = {
            "code": code,
            "provider": provider,
            "code_verifier": code_verifier,
            "redirectUrl": redirect_url,
        }
        return Call(
            "GET",
            "/v2/auth/social/authorizeCode",
            one(LoginAnswer),
            query=pairs(query),
            single_use=True,
        )

    v2_auth_social_authorize_code_get_with_http_info = with_http_info(
        v2_auth_social_authorize_code_get
    )

    @operation
    def v2_auth_social_authorize_token_get(
        self,
        access_token: str,
        provider: str,
        *,
        refresh_token: str | None = None,
        **options: Unpack[Options],
    ) -> Call[LoginAnswer]:
        """Native social sign-in: exchange a token of the provider's SDK for a login JWT.

        `access_token`: the access token or ID token that the SDK gave the application.
        `provider`: `google`, `facebook`, or another that the server is set up for.
        `refresh_token`: the SDK's, if there is one.
        """
        query = {
            "accessToken": access_token,
            "provider": provider,
            "refreshToken": refresh_token,
        }
        return Call(
            "GET",
            "/v2/auth/social/authorizeToken",
            one(LoginAnswer),
            query=pairs(query),
            single_use=True,
        )

    v2_auth_social_authorize_token_get_with_http_info = with_http_info(
        v2_auth_social_authorize_token_get
    )

    @operation
    def v2_auth_social_login_get(
        self,
        redirect_url: str,
        provider: str,
        *,
        client_id: str | None = None,
        state: str | None = None,
        code_challenge: str | None = None,
        code_challenge_method: str | None = None,
        **options: Unpack[Options],
    ) -> Call[SocialLogin]:
        """First step of a social sign-in: where the provider asks the person.

        The server binds the sign-in to the browser that makes this call: to sign a person in, let
        the person's browser make it. The response has `location`; it is not followed.

        `redirect_url`: where the code comes back to; registered, and compared as it stands.
        `provider`: `google`, `facebook`, or another that the server is set up for.
        `state`: comes back as it is. `code_challenge`: then the second step takes `code_verifier`.
        """
        query = {
            "redirectUrl": redirect_url,
            "provider": provider,
            "clientId": client_id,
            "state": state,
            "code_challenge": code_challenge,
            "code_challenge_method": code_challenge_method,
        }
        return Call(
            "GET",
            "/v2/auth/social/login",
            one(SocialLogin),
            query=pairs(query),
            single_use=True,
            redirects=True,
        )

    v2_auth_social_login_get_with_http_info = with_http_info(v2_auth_social_login_get)

    @operation
    def v2_oauth2_access_token_get(
        self,
        client_id: str,
        client_secret: str,
        grant_type: str,
        code: str,
        *,
        response_type: str | None = None,
        scope: str | None = None,
        redirect_uri: str | None = None,
        state: str | None = None,
        refresh_token: str | None = None,
        code_verifier: str | None = None,
        **options: Unpack[Options],
    ) -> Call[TokenAnswer]:
        """Tokens for an authorization code, or for a refresh token.

        `client_id`, `client_secret`: of the application. One that is public has no secret: "".
        `grant_type`: `authorization_code` or `refresh_token`.
        `code`: the authorization code. To refresh, the refresh token may stand here, as in 2016;
        or give `refresh_token`: then `code` ("" too) is ignored.
        `redirect_uri`: as it was in the authorization request.
        `code_verifier`: when that request had a `code_challenge`.
        """
        query = {
            "client_id": client_id,
            "client_secret": client_secret,
            "grant_type": grant_type,
            "code": code,
            "response_type": response_type,
            "scope": scope,
            "redirect_uri": redirect_uri,
            "state": state,
            "refresh_token": refresh_token,
            "code_verifier": code_verifier,
        }
        return Call(
            "GET",
            "/v2/oauth2/access_token",
            one(TokenAnswer),
            query=pairs(query),
            single_use=True,
        )

    v2_oauth2_access_token_get_with_http_info = with_http_info(v2_oauth2_access_token_get)

    @operation
    def v2_oauth_authorize_get(
        self,
        client_id: str,
        client_secret: str,
        response_type: str,
        scope: str,
        *,
        redirect_uri: str | None = None,
        state: str | None = None,
        code_challenge: str | None = None,
        code_challenge_method: str | None = None,
        **options: Unpack[Options],
    ) -> Call[AuthorizationAnswer]:
        """An authorization code, for a person who signed in already.

        `configuration.access_token` is the login JWT that a social sign-in gave. Where the person
        has to sign in or to consent first, `ApiException` (401 or 403) has in its body the
        `error.interactionUrl` to open in a browser.

        `scope`: such as `basic readmeasurements`, separated by spaces.
        `code_challenge`, `code_challenge_method` (`S256`): then the code takes a `code_verifier`.
        """
        query = {
            "client_id": client_id,
            "client_secret": client_secret,
            "response_type": response_type,
            "scope": scope,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": code_challenge,
            "code_challenge_method": code_challenge_method,
        }
        return Call(
            "GET",
            "/v2/oauth/authorize",
            one(AuthorizationAnswer),
            query=pairs(query),
            single_use=True,
            redirects=True,
        )

    v2_oauth_authorize_get_with_http_info = with_http_info(v2_oauth_authorize_get)
