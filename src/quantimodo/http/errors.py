"""Refusals of no single protocol; `app/requests/error_boundary.py` makes the responses."""


class EncodedBody(Exception):
    """The body is compressed (`Content-Encoding`), which no endpoint reads (RFC 9110 §8.4)."""


class TooLarge(Exception):
    """The body or the headers exceed the limit."""


class NotFound(Exception):
    """There is nothing at this address, or nothing that this caller may see."""

    def __init__(self, text: str = "there is nothing at this address") -> None:
        super().__init__(text)
        self.text = text


class MethodNotAllowed(Exception):
    """The resource does not have this method (RFC 9110 §15.5.6); `allowed` is the Allow header."""

    def __init__(self, allowed: str) -> None:
        super().__init__("this method is not allowed here; see the Allow header")
        self.allowed = allowed


class RequestRejected(Exception):
    """A request that an application sent through a browser is rejected. The response is a page, or,
    for a caller that accepts JSON only, the login envelope. `title` and `text` are fixed texts for
    people. `row` is the code in `protocol/refusals.py`; empty for none."""

    def __init__(
        self,
        title: str,
        text: str,
        *,
        status: int = 400,
        code: str = "invalid_request",
        row: str = "",
    ) -> None:
        super().__init__(text)
        self.title = title
        self.text = text
        self.status = status
        self.code = code
        self.row = row


class InteractionRequired(Exception):
    """A person has to act in a browser first, at `url` (v2-api.md §4, §5)."""

    def __init__(self, status: int, code: str, text: str, url: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.url = url
