"""Units: reference data of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swagger_client import resources
from swagger_client.calls import Call
from swagger_client.models import Unit, UnitCategory
from swagger_client.operations import ResourceApi, ResourceOptions, operation, with_http_info

if TYPE_CHECKING:
    from typing_extensions import Unpack


class UnitsApi(ResourceApi):
    """Units and their categories. Any valid token."""

    @operation
    def v1_units_get(self, **options: Unpack[ResourceOptions]) -> Call[list[Unit]]:
        """All units."""
        return resources.units()

    v1_units_get_with_http_info = with_http_info(v1_units_get)

    @operation
    def v1_unit_categories_get(
        self, **options: Unpack[ResourceOptions]
    ) -> Call[list[UnitCategory]]:
        """All categories of units."""
        return resources.unit_categories()

    v1_unit_categories_get_with_http_info = with_http_info(v1_unit_categories_get)
