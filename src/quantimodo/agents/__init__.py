"""The MCP server: tools with which agents read and add a person's measurements."""
