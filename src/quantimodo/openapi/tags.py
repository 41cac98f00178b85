"""The tags: the groups of operations, in the order of the document."""

from collections.abc import Mapping
from typing import Final

SOCIAL: Final = "Social sign-in"
AUTHORIZATION: Final = "Authorization"
TOKENS: Final = "Tokens"
PEOPLE: Final = "People"
MEASUREMENTS: Final = "Measurements"
EVENTS: Final = "Events"
REGISTRATION: Final = "Registration"
DISCOVERY: Final = "Discovery"
WATCHING: Final = "Watching"
PROVIDERS: Final = "Providers"
AGENTS: Final = "Agents"

TAGS: Final[Mapping[str, str]] = {
    SOCIAL: "Sign-in by a person's account at a provider, and the login JWT.",
    AUTHORIZATION: "Endpoints for a person's browser.",
    TOKENS: "Endpoints to get, revoke and check tokens.",
    PEOPLE: "Resources for an access token.",
    MEASUREMENTS: "Measurements: the scopes `readmeasurements` and `writemeasurements`.",
    EVENTS: "Events about the people of an app: a list to poll, and webhooks.",
    REGISTRATION: "Apps register and manage themselves here, if the operator allows it.",
    DISCOVERY: "Public documents.",
    WATCHING: "For the operator's monitoring.",
    PROVIDERS: "Addresses to register with Google, Facebook and others. Apps do not call them.",
    AGENTS: "The Model Context Protocol. Use an MCP client: the tools describe themselves.",
}
