"""Units and categories, by the names that applications use.

They are read once for each process, because only a migration changes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from quantimodo.measurements.errors import MeasurementError
from quantimodo.model.measurements import Unit, UnitCategory, VariableCategory
from quantimodo.ports.measurement_stores import ReferenceStore

MISCELLANEOUS = "Miscellaneous"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All units and categories. A unit is found by its abbreviation and by its name."""

    units: tuple[Unit, ...]
    unit_categories: tuple[UnitCategory, ...]
    variable_categories: tuple[VariableCategory, ...]
    _units_by_name: dict[str, Unit]
    _units_by_id: dict[int, Unit]
    _category_ids: dict[str, int]
    _category_names: dict[int, str]

    def unit(self, unit_id: int) -> Unit:
        """The unit with this id. Raises `KeyError`."""
        return self._units_by_id[unit_id]

    def unit_named(self, name: str) -> Unit:
        """The unit with this name or abbreviation. Raises `MeasurementError`."""
        unit = self._units_by_name.get(name)
        if unit is None:
            raise MeasurementError("there is no such unit; GET /api/v1/units lists them all")
        return unit

    def category(self, category_id: int) -> str:
        """The name of the category with this id. Raises `KeyError`."""
        return self._category_names[category_id]

    def category_named(self, name: str) -> int:
        """The id of the category with this name. Raises `MeasurementError`."""
        category = self._category_ids.get(name)
        if category is None:
            raise MeasurementError(
                "there is no such variable category; GET /api/v1/variableCategories lists them all"
            )
        return category


def catalogue_of(
    units: Iterable[Unit],
    unit_categories: Iterable[UnitCategory],
    variable_categories: Iterable[VariableCategory],
) -> Catalogue:
    """The catalogue of these rows, with its indexes by name and id."""
    units, categories = tuple(units), tuple(variable_categories)
    return Catalogue(
        units,
        tuple(unit_categories),
        categories,
        {unit.name: unit for unit in units} | {unit.abbreviated_name: unit for unit in units},
        {unit.id: unit for unit in units},
        {each.name: each.id for each in categories},
        {each.id: each.name for each in categories},
    )


class References:
    """The catalogue of this database, cached from its first use."""

    def __init__(self, store: ReferenceStore) -> None:
        self._store = store
        self._catalogue: Catalogue | None = None

    async def catalogue(self) -> Catalogue:
        """The catalogue, which is read from the database once for a process."""
        if self._catalogue is None:
            self._catalogue = catalogue_of(
                await self._store.units(),
                await self._store.unit_categories(),
                await self._store.variable_categories(),
            )
        return self._catalogue

    @property
    def known(self) -> Catalogue:
        """The catalogue, once it was read. Raises `LookupError` before."""
        if self._catalogue is None:
            raise LookupError("the reference data was not read yet")
        return self._catalogue
