"""The refusals of what providers without OpenID Connect do not offer."""

from quantimodo.federation.contract import BadCode, BadToken


def no_redemption() -> BadCode:
    """The refusal of a code that an app sends: it needs the PKCE verifier of the sign-in here."""
    return BadCode(
        "A code of this provider is valid only in the sign-in that requested it. "
        "Use the sign-in in a browser."
    )


def no_native_tokens() -> BadToken:
    """v2-api.md §3: the provider cannot say which app such a token was issued to."""
    return BadToken("This provider has no sign-in by token. Use the sign-in in a browser.")


def no_security_events() -> BadToken:
    """The refusal of a security event by a provider that sends none."""
    return BadToken("This provider sends no messages.")
