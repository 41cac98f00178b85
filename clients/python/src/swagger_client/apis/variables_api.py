"""Variables: what a person measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swagger_client import resources
from swagger_client.calls import Call
from swagger_client.models import Variable, VariableCategory
from swagger_client.operations import ResourceApi, ResourceOptions, operation, with_http_info

if TYPE_CHECKING:
    from typing_extensions import Unpack


class VariablesApi(ResourceApi):
    """The variables of a person, and the categories of the server."""

    @operation
    def v1_variables_get(
        self,
        *,
        limit: int | None = None,
        offset: int | None = None,
        sort: str | None = None,
        **options: Unpack[ResourceOptions],
    ) -> Call[list[Variable]]:
        """The person's variables. Scope: `readmeasurements`."""
        return resources.variables({"limit": limit, "offset": offset, "sort": sort})

    v1_variables_get_with_http_info = with_http_info(v1_variables_get)

    @operation
    def v1_variables_variable_name_get(
        self, variable_name: str, **options: Unpack[ResourceOptions]
    ) -> Call[Variable]:
        """One variable, by its name. Scope: `readmeasurements`."""
        return resources.variable(variable_name)

    v1_variables_variable_name_get_with_http_info = with_http_info(v1_variables_variable_name_get)

    @operation
    def v1_variable_categories_get(
        self, **options: Unpack[ResourceOptions]
    ) -> Call[list[VariableCategory]]:
        """All categories of variables. Any valid token."""
        return resources.variable_categories()

    v1_variable_categories_get_with_http_info = with_http_info(v1_variable_categories_get)
