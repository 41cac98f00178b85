"""GET /docs: the API reference, generated from the OpenAPI document only.

Owns the addresses. The pages work without JavaScript: one for each operation and each schema,
lists of both, a search by a form. The document and the texts made of it are in English.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from quantimodo.http.refusals import Refusal, record_refusal
from quantimodo.pages.errors import NOT_FOUND, error_page
from quantimodo.pages.page_context import PageContext
from quantimodo.pages.page_services import PageRoute
from quantimodo.pages.reference.document import groups_of, schemas_of, shared_responses
from quantimodo.pages.reference.model import (
    DOCS,
    DocumentedResponse,
    Group,
    Json,
    Schema,
    inline,
    paragraphs,
    slug,
)
from quantimodo.pages.reference.search import LONGEST_QUERY, ReferenceSearch

SCHEMAS: Final = f"{DOCS}/schemas"
SEARCH: Final = f"{DOCS}/search"


@dataclass(frozen=True, slots=True)
class _Content:
    """What all pages show, made of the document."""

    issuer: str
    about: Any
    groups: Sequence[Group]
    schemas: Mapping[str, Schema]
    schemes: Sequence[tuple[str, Any]]
    shared: Sequence[DocumentedResponse]
    search: ReferenceSearch


class ReferencePages:
    """The pages of one document, which is read at the first request."""

    def __init__(self, page_context: PageContext, document: Json) -> None:
        self._page_context = page_context
        self._document = document

    def routes(self) -> Sequence[PageRoute]:
        """Their lines of the table of pages."""
        return [
            (("GET",), DOCS, self.show),
            (("GET",), SEARCH, self.search),
            (("GET",), SCHEMAS, self.schemas),
            (("GET",), f"{SCHEMAS}/{{name}}", self.schema),
            (("GET",), f"{DOCS}/{{name}}", self.group),
            (("GET",), f"{DOCS}/{{name}}/{{operation}}", self.operation),
        ]

    async def show(self, request: Request) -> Response:
        """GET /docs: the first steps, and every operation by name."""
        return await self._page(request, "reference.html", about=self._content.about)

    async def group(self, request: Request) -> Response:
        """GET /docs/{name}: the operations of one group."""
        group = self._group_of(request)
        if group is None:
            return self._not_found(request)
        return await self._page(request, "reference_group.html", group=group)

    async def operation(self, request: Request) -> Response:
        """GET /docs/{name}/{operation}: one operation, with its twins."""
        group, wanted = self._group_of(request), request.path_params["operation"]
        for operation in group.operations if group else ():
            if operation.id == wanted:
                return await self._page(
                    request, "reference_operation.html", group=group, operation=operation
                )
        return self._not_found(request)

    async def schemas(self, request: Request) -> Response:
        """GET /docs/schemas: all schemas by name."""
        return await self._page(request, "reference_schemas.html")

    async def schema(self, request: Request) -> Response:
        """GET /docs/schemas/{name}: one schema."""
        schema = self._content.schemas.get(request.path_params["name"])
        if schema is None:
            return self._not_found(request)
        return await self._page(request, "reference_schema.html", schema=schema)

    async def search(self, request: Request) -> Response:
        """GET /docs/search?q=…: what has all words of the query."""
        found = self._content.search.find(request.query_params.get("q", ""))
        return await self._page(request, "reference_search.html", found=found)

    def _group_of(self, request: Request) -> Group | None:
        name = request.path_params["name"]
        return next((each for each in self._content.groups if slug(each.name) == name), None)

    @cached_property
    def _content(self) -> _Content:
        document = self._document
        groups = groups_of(document)
        schemas = schemas_of(document, groups)
        return _Content(
            issuer=document["servers"][0]["url"],
            about=paragraphs(document["info"]["description"]),
            groups=groups,
            schemas=schemas,
            schemes=[
                (name, inline(scheme["description"]))
                for name, scheme in document["components"]["securitySchemes"].items()
            ],
            shared=shared_responses(document),
            search=ReferenceSearch(groups, schemas),
        )

    async def _page(self, request: Request, template: str, **context: Any) -> Response:
        browser_request = await self._page_context.browser_request(request)
        content = self._content
        return self._page_context.show(
            *(request, browser_request, template),
            section="docs",
            issuer=content.issuer,
            groups=content.groups,
            schemas=content.schemas.values(),
            schemes=content.schemes,
            shared=content.shared,
            longest_query=LONGEST_QUERY,
            **{"group": None, "operation": None, **context},
        )

    def _not_found(self, request: Request) -> Response:
        record_refusal(request.scope, Refusal("not_found", NOT_FOUND[0]))
        return error_page(self._page_context.renderer, 404, *NOT_FOUND)
