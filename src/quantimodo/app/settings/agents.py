"""Settings of the MCP server, which agents use."""

from dataclasses import dataclass

from quantimodo.model.setting_declarations import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class McpSettings:
    enabled: bool = setting(
        False,
        "Serve agents at /mcp (Model Context Protocol); needs the extra: pip install"
        " 'quantimodo[mcp]'.",
    )
    allowed_origins: tuple[str, ...] = setting(
        (),
        "Origins of web pages whose scripts may use /mcp, as https://agents.example.org, beside"
        " the issuer's; several separated by commas in the environment.",
    )
