"""Measurements: read, write, change, delete, export."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from swagger_client import resources
from swagger_client.calls import Call
from swagger_client.models import Measurement
from swagger_client.operations import ResourceApi, ResourceOptions, operation, with_http_info
from swagger_client.records import Record
from swagger_client.resources import MeasurementPage, Sets

if TYPE_CHECKING:
    from typing_extensions import Unpack


class FilterOptions(MeasurementPage, ResourceOptions, total=False):
    """Filters, and what every method takes."""


class MeasurementsApi(ResourceApi):
    """The measurements of a person.

    `filters` are those of `swagger_client.resources.MeasurementFilters`, and `limit`.
    """

    @operation
    def v1_measurements_get(self, **filters: Unpack[FilterOptions]) -> Call[list[Measurement]]:
        """Measurements, 100 of them unless `limit` (at most 200) says otherwise.

        Scope: `readmeasurements`. `v1_measurements_get_with_http_info` returns the headers too:
        `Total-Count` and `Link`.
        """
        return resources.measurements(filters)

    v1_measurements_get_with_http_info = with_http_info(v1_measurements_get)

    @operation
    def v1_measurements_post(self, body: Sets, **options: Unpack[ResourceOptions]) -> Call[Record]:
        """Add measurements, or change those of the same variable, source and start time.

        Scope: `writemeasurements`. All of one call are stored, or none. `body`: one or several
        `MeasurementSet`, or dicts as they go over the wire.
        """
        return resources.add_measurements(body)

    v1_measurements_post_with_http_info = with_http_info(v1_measurements_post)

    @operation
    def v2_measurements_id_get(
        self, id: int, **options: Unpack[ResourceOptions]
    ) -> Call[Measurement]:
        """One measurement. Scope: `readmeasurements`."""
        return resources.measurement(id)

    v2_measurements_id_get_with_http_info = with_http_info(v2_measurements_id_get)

    @operation
    def v2_measurements_id_put(
        self, id: int, body: Mapping[str, Any], **options: Unpack[ResourceOptions]
    ) -> Call[Record]:
        """Change one measurement: `body` by wire name, such as `{"value": 4}`.

        Scope: `writemeasurements`.
        """
        return resources.change_measurement(id, body)

    v2_measurements_id_put_with_http_info = with_http_info(v2_measurements_id_put)

    @operation
    def v2_measurements_id_delete(self, id: int, **options: Unpack[ResourceOptions]) -> Call[None]:
        """Delete one measurement. Scope: `writemeasurements`."""
        return resources.delete_measurement(id)

    v2_measurements_id_delete_with_http_info = with_http_info(v2_measurements_id_delete)

    @operation
    def v2_measurements_csv_get(self, **filters: Unpack[FilterOptions]) -> Call[str]:
        """All measurements as the text of a CSV file. Scope: `readmeasurements`."""
        return resources.measurements_csv(filters)

    v2_measurements_csv_get_with_http_info = with_http_info(v2_measurements_csv_get)

    @operation
    def v2_application_measurements_get(
        self, **filters: Unpack[FilterOptions]
    ) -> Call[list[Measurement]]:
        """Measurements of all people who allow this application to read them.

        Needs an application token. Scope: `readmeasurements`.
        """
        return resources.measurements_of_application(filters)

    v2_application_measurements_get_with_http_info = with_http_info(v2_application_measurements_get)
