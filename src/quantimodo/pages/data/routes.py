"""The routes of the pages of a person's measurements."""

from collections.abc import Sequence
from dataclasses import dataclass

from quantimodo.accounts.profiles import Profiles
from quantimodo.measurements.catalogue import References
from quantimodo.measurements.read_limits import ReadLimits
from quantimodo.measurements.service import MeasurementService
from quantimodo.pages.data.deletion_undo import DeletionUndo
from quantimodo.pages.data.measurement import MeasurementPage
from quantimodo.pages.data.variable import VariableData
from quantimodo.pages.data.variable_charts import VariableCharts
from quantimodo.pages.data.variables import Data
from quantimodo.pages.page_context import Endpoint, PageContext
from quantimodo.pages.step_up import StepUp


@dataclass(frozen=True, slots=True)
class DataPages:
    """Constructs the pages."""

    page_context: PageContext
    measurement_service: MeasurementService
    references: References
    profiles: Profiles
    undo: DeletionUndo
    reads: ReadLimits

    def routes(self, step_up: StepUp) -> Sequence[tuple[tuple[str, ...], str, Endpoint]]:
        """Its lines of the table of pages; `step_up` precedes exports and deletions."""
        context, service, profiles = self.page_context, self.measurement_service, self.profiles
        data = Data(context, service, self.references, profiles, self.reads)
        charts = VariableCharts(service, context.clock)
        variable = VariableData(context, service, profiles, self.undo, self.reads, charts)
        measurement = MeasurementPage(context, service, self.references, profiles)
        return [
            (("GET",), "/account/data", data.show),
            (("POST",), "/account/data", data.add),
            (("POST",), "/account/data/import", data.import_csv),
            (("GET",), "/account/data/export", step_up.before(data.export)),
            (("GET",), "/account/data/variable", variable.show),
            (("GET",), "/account/data/measurement", measurement.show),
            (("POST",), "/account/data/measurement", measurement.save),
            (("POST",), "/account/data/remove", variable.remove),
            (("POST",), "/account/data/restore", variable.restore),
            (("GET",), "/account/data/delete", step_up.before(variable.confirm_deletion)),
            (("POST",), "/account/data/delete", step_up.before(variable.delete)),
        ]
