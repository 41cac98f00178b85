"""Settings of one sign-in provider, a table `[providers.NAME]`."""

from dataclasses import dataclass
from typing import Literal

from quantimodo.federation.contract import ClientAuthenticationMethod, IdTokenAlgorithm, Kind
from quantimodo.federation.presets import Preset
from quantimodo.model.setting_declarations import setting as _setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One table `[providers.NAME]`: the fields of `federation.contract.ProviderPolicy` without the
    name."""

    kind: Literal["", Kind, Preset] = _setting(
        "",
        "The kind of the provider; by default, the name of the table. oidc is any OpenID provider,"
        " oauth2 any OAuth 2 provider whose settings describe it.",
    )
    client_id: str = _setting(
        "", "The client id of this server at the provider. Facebook calls it app id."
    )
    client_secret: str = _setting(
        "",
        "The client secret of this server at the provider. For Apple: the whole text of the .p8"
        " key, where \\n may stand for the end of a line.",
        secret=True,
    )
    title: str = _setting("", "The name of the provider on the sign-in button.")
    issuer: str = _setting(
        "",
        "Its exact issuer. Required for oidc. For oauth2: an https address that identifies it"
        " and never changes, because accounts are stored under it. Other kinds have a default.",
    )
    scope: str = _setting("", "The scopes to request, separated by spaces.")
    audiences: tuple[str, ...] = _setting(
        (),
        "Further client ids at the provider, such as those of Android and iOS apps, whose native"
        " tokens are accepted too; several separated by commas in the environment.",
    )
    authoritative: bool | None = _setting(
        None,
        "Whether an e-mail address that it calls verified links to an existing account"
        " automatically. By default only with Google, for gmail.com and Workspace domains.",
    )
    direct_redirect_uri: str = _setting(
        "",
        "The redirect URI of codes that an app requested itself. For Google: postmessage, the"
        " value of its popup.",
    )
    tenant: str = _setting(
        "",
        "For Microsoft: common, organizations, consumers, or the id of one tenant; common by"
        " default.",
    )
    team_id: str = _setting("", "For Apple: the id of the developer team.")
    key_id: str = _setting("", "For Apple: the id of the .p8 key.")
    authorization_endpoint: str = _setting(
        "", "Its authorization endpoint, if it is not the usual one."
    )
    token_endpoint: str = _setting("", "Its token endpoint, if it is not the usual one.")
    userinfo_endpoint: str = _setting("", "Its userinfo endpoint, if it is not the usual one.")
    jwks_uri: str = _setting(
        "", "The address of its public keys (JWK Set), if it is not the usual one."
    )
    tokeninfo_endpoint: str = _setting(
        "", "For Google and Facebook: the endpoint that inspects access tokens."
    )
    graph_endpoint: str = _setting("", "For Facebook: the Graph API, with its version.")
    emails_endpoint: str = _setting("", "For GitHub: the endpoint of the e-mail addresses.")
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
        "For oidc: the only accepted algorithm of its ID tokens and logout tokens. By default"
        " all that its discovery document lists.",
    )
    encrypted_id_tokens: bool = _setting(
        False,
        "For oidc: its ID tokens and logout tokens are encrypted for this server, and others are"
        " refused. Register ISSUER/api/v2/auth/social/keys/NAME there, as jwks_uri, and"
        " id_token_encrypted_response_alg ECDH-ES.",
    )
    response_mode: Literal["", "query", "form_post"] = _setting(
        "",
        "For oidc: how it returns its response. form_post keeps the code out of addresses; it"
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
        "", "For oidc: its end session endpoint, if it is not the usual one."
    )
    pkce: bool = _setting(
        True,
        "For oauth2: bind each code to its request (PKCE, S256). Needed without a client secret."
        " Set it to false only for a provider that refuses the parameters.",
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
        "For oauth2: the path of the object with the tokens in the token response, such as body."
        " By default the response itself.",
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
        "For oauth2: the path of the account id in the response of userinfo_endpoint, or without"
        " one in the token response, such as data[0].id. The provider must never reassign the"
        " id.",
    )
    name_fields: tuple[str, ...] = _setting(
        (),
        "For oauth2: the paths of the name. The first one with a text is used. Paths joined by +"
        " are the parts of one name.",
    )
    email_field: str = _setting("", "For oauth2: the path of the e-mail address.")
    email_verified_field: str = _setting(
        "",
        "For oauth2: the path of the value that says whether the address is confirmed. Only"
        " true is accepted.",
    )
    email_counts: Literal["", "never", "verified_field", "authoritative"] = _setting(
        "",
        "For oauth2: whether its e-mail address proves that the person owns it, and links to an"
        " existing account automatically. never: no. verified_field: if email_verified_field is"
        " true. authoritative: always.",
    )
