"""Settings of one sign-in provider, a table `[providers.NAME]`."""

from dataclasses import dataclass
from typing import Literal

from quantimodo.federation.contract import ClientAuthenticationMethod, IdTokenAlgorithm, Kind
from quantimodo.federation.presets import Preset
from quantimodo.model.settings_fields import setting as _setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One table `[providers.NAME]`: the fields of `federation.contract.ProviderPolicy` without the
    name."""

    kind: Literal["", Kind, Preset] = _setting(
        "",
        "The kind of the provider; by default, the name of the table. oidc is any OpenID provider,"
        " oauth2 any OAuth 2 provider whose settings describe it.",
    )
    client_id: str = _setting("", "Our client id there; Facebook calls it app id.")
    client_secret: str = _setting(
        "",
        "Our client secret there; for Apple the whole text of the .p8 key, where \\n may stand for"
        " the end of a line.",
        secret=True,
    )
    title: str = _setting("", "Its name for people, on the sign-in button.")
    issuer: str = _setting(
        "",
        "Its exact issuer; required for oidc. For oauth2 an https address that stands for it, and"
        " that never changes, because accounts are found by it. The others have a default.",
    )
    scope: str = _setting("", "The scopes to ask for, separated by spaces.")
    audiences: tuple[str, ...] = _setting(
        (),
        "Our other client ids there, as of the Android and iOS apps, whose native tokens are"
        " accepted too; several separated by commas in the environment.",
    )
    authoritative: bool | None = _setting(
        None,
        "Whether an address that it calls verified links to an existing account by itself; by"
        " default only Google does so, for gmail.com and Workspace domains.",
    )
    direct_redirect_uri: str = _setting(
        "",
        "The redirect URI of codes that an app requested itself; for Google postmessage, its"
        " popup.",
    )
    tenant: str = _setting(
        "",
        "For Microsoft: common, organizations, consumers, or the id of one tenant; common by"
        " default.",
    )
    team_id: str = _setting("", "For Apple: the id of the developer team.")
    key_id: str = _setting("", "For Apple: the id of the .p8 key.")
    authorization_endpoint: str = _setting("", "Where people sign in, if it is not the usual one.")
    token_endpoint: str = _setting("", "Where codes are exchanged, if it is not the usual one.")
    userinfo_endpoint: str = _setting("", "Where profiles are read, if it is not the usual one.")
    jwks_uri: str = _setting("", "Where its public keys are, if it is not the usual one.")
    tokeninfo_endpoint: str = _setting(
        "", "For Google and Facebook: where access tokens are examined."
    )
    graph_endpoint: str = _setting("", "For Facebook: the Graph API, with its version.")
    emails_endpoint: str = _setting("", "For GitHub: where the e-mail addresses are read.")
    client_authentication: Literal["", ClientAuthenticationMethod] = _setting(
        "",
        "How this server authenticates itself there. For oidc: by default client_secret_basic or"
        " client_secret_post, as its discovery document says. For oauth2: client_secret_basic or"
        " client_secret_post, the default. For private_key_jwt register"
        " ISSUER/api/v2/auth/social/keys/NAME there, as jwks_uri.",
    )
    assertion_audience: Literal["issuer", "token_endpoint"] = _setting(
        "issuer",
        "For oidc: the audience of client_secret_jwt and private_key_jwt; token_endpoint for a"
        " provider that refuses its issuer.",
    )
    id_token_algorithm: Literal["", IdTokenAlgorithm] = _setting(
        "",
        "For oidc: the one algorithm that its ID tokens and logout tokens are signed with; by"
        " default each that its discovery document lists.",
    )
    encrypted_id_tokens: bool = _setting(
        False,
        "For oidc: its ID tokens and logout tokens are encrypted for this server, and others are"
        " refused. Register ISSUER/api/v2/auth/social/keys/NAME there, as jwks_uri, and"
        " id_token_encrypted_response_alg ECDH-ES.",
    )
    response_mode: Literal["", "query", "form_post"] = _setting(
        "",
        "For oidc: how its response comes back. form_post keeps the code out of addresses; it"
        " needs an https issuer of this server.",
    )
    pushed_requests: bool = _setting(
        False,
        "For oidc: send authorization requests to it directly (RFC 9126), and only a reference by"
        " the browser. Always done where its discovery document requires it.",
    )
    initiated_login: bool = _setting(
        False,
        "For oidc: it may send people here to sign in (third-party initiated login). Register"
        " ISSUER/sign-in/initiated there, as initiate_login_uri.",
    )
    sign_out_at_provider: bool = _setting(
        False,
        "For oidc: offer people at sign-out to end their session there too (RP-Initiated Logout)."
        " Register ISSUER/sign-out/returned there, as post_logout_redirect_uri.",
    )
    backchannel_logout: bool = _setting(
        False,
        "For oidc: when a session ends there, end the sessions here that began from it"
        " (Back-Channel Logout). Register ISSUER/api/v2/auth/social/notifications/NAME there, as"
        " backchannel_logout_uri.",
    )
    frontchannel_logout: bool = _setting(
        False,
        "For oidc: when a session ends there, its page ends the sessions here that began from it"
        " (Front-Channel Logout). For a provider without back-channel logout. Register"
        " ISSUER/api/v2/auth/social/frontchannel-logout/NAME there, as frontchannel_logout_uri,"
        " with frontchannel_logout_session_required.",
    )
    end_session_endpoint: str = _setting(
        "", "For oidc: where sessions are ended, if it is not the usual one."
    )
    pkce: bool = _setting(
        True,
        "For oauth2: bind each code to the request that it answers (PKCE, S256). Needed without a"
        " client secret; false only for a provider that refuses the parameters.",
    )
    authorization_parameters: tuple[str, ...] = _setting(
        (),
        "For oauth2: more parameters of the authorization request, each as name=value; several"
        " separated by commas in the environment.",
    )
    fresh_parameters: tuple[str, ...] = _setting(
        (),
        "For oauth2: more parameters when a person has to sign in there again, each as name=value.",
    )
    token_parameters: tuple[str, ...] = _setting(
        (), "For oauth2: more parameters of the token request, each as name=value."
    )
    token_field: str = _setting(
        "",
        "For oauth2: where in the token response the tokens are, as a path such as body; by default"
        " at the top.",
    )
    userinfo_method: Literal["GET", "POST"] = _setting(
        "GET", "For oauth2: the method of the request to userinfo_endpoint."
    )
    userinfo_headers: tuple[str, ...] = _setting(
        (),
        "For oauth2: headers of that request, each as Name: value, where {access_token} and"
        " {client_id} stand for the two. By default Authorization: Bearer {access_token}.",
    )
    subject_field: str = _setting(
        "",
        "For oauth2: where the account's own id is in the response of userinfo_endpoint, or without"
        " one in the token response, as a path such as data[0].id. It must never be reassigned.",
    )
    name_fields: tuple[str, ...] = _setting(
        (),
        "For oauth2: where the name is: the first path that has a text counts. Paths joined by +"
        " are the parts of one name.",
    )
    email_field: str = _setting("", "For oauth2: where the e-mail address is.")
    email_verified_field: str = _setting(
        "", "For oauth2: where it says that the address is confirmed; only true itself counts."
    )
    email_counts: Literal["", "never", "verified_field", "authoritative"] = _setting(
        "",
        "For oauth2: whether its e-mail address proves that the person owns it, and so links to an"
        " existing account by itself: never, the default; where email_verified_field is true; or"
        " always.",
    )
