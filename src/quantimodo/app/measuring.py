"""Puts together what serves the measurements: the journal, and its endpoints behind the guard."""

from typing import TypedDict

from quantimodo.app.wiring import House
from quantimodo.measurements.tallies import Tallies
from quantimodo.resource.application_measurements import ApplicationMeasurements
from quantimodo.resource.guard import Guard
from quantimodo.resource.measurements import (
    Doorman,
    Measurements,
    MeasurementsCsv,
    OneMeasurement,
)
from quantimodo.resource.units import UnitCategories, Units
from quantimodo.resource.variables import OneVariable, VariableCategories, Variables
from quantimodo.tokens.subjects import Subjects
from quantimodo.wire.exchange import Endpoint


class MeasuringEndpoints(TypedDict):
    """A part of `app.routes.WireEndpoints`."""

    measurements: Endpoint
    measurement: Endpoint
    measurements_csv: Endpoint
    application_measurements: Endpoint
    variables: Endpoint
    variable: Endpoint
    variable_categories: Endpoint
    units: Endpoint
    unit_categories: Endpoint


def measuring_endpoints(house: House, guard: Guard) -> MeasuringEndpoints:
    journal, references, issuer = house.journal, house.references, house.settings.issuer
    door = Doorman(guard, house.accesses, house.clock, house.reads)
    return MeasuringEndpoints(
        measurements=Measurements(door, journal, f"{issuer}/api/v1/measurements"),
        measurement=OneMeasurement(door, journal),
        measurements_csv=MeasurementsCsv(door, journal),
        application_measurements=ApplicationMeasurements(
            door,
            journal,
            Tallies(house.stores, house.clock),
            house.stores,
            house.stores,
            Subjects(house.stores, house.entropy),
            house.clock,
            f"{issuer}/api/v2/application/measurements",
        ),
        variables=Variables(door, journal, f"{issuer}/api/v1/variables"),
        variable=OneVariable(door, journal),
        variable_categories=VariableCategories(guard, references),
        units=Units(guard, references),
        unit_categories=UnitCategories(guard, references),
    )
