"""Builds the measurement service, and its endpoints with bearer authentication."""

from typing import TypedDict

from quantimodo.app.composition.services import AppContext
from quantimodo.http.messages import Endpoint
from quantimodo.measurements.count_cache import CountCache
from quantimodo.resource.application_measurements import ApplicationMeasurements
from quantimodo.resource.bearer_authentication import BearerAuthentication
from quantimodo.resource.measurements import (
    MeasurementAccess,
    Measurements,
    MeasurementsCsv,
    OneMeasurement,
)
from quantimodo.resource.step_up import StepUpPolicy, StepUpRule
from quantimodo.resource.units import UnitCategories, Units
from quantimodo.resource.variables import OneVariable, VariableCategories, Variables
from quantimodo.tokens.subjects import Subjects


class MeasuringEndpoints(TypedDict):
    """The endpoints of the measurements API, by their names in the table of endpoints."""

    measurements: Endpoint
    measurement: Endpoint
    measurements_csv: Endpoint
    application_measurements: Endpoint
    variables: Endpoint
    variable: Endpoint
    variable_categories: Endpoint
    units: Endpoint
    unit_categories: Endpoint


def measuring_endpoints(context: AppContext, bearer: BearerAuthentication) -> MeasuringEndpoints:
    """The endpoints of the measurements API."""
    measurement_service, references, issuer = (
        context.measurement_service,
        context.references,
        context.settings.issuer,
    )
    access = MeasurementAccess(
        *(bearer, context.accesses, context.clock, context.reads, references),
        step_up(context),
    )
    return MeasuringEndpoints(
        measurements=Measurements(access, measurement_service, f"{issuer}/api/v1/measurements"),
        measurement=OneMeasurement(access, measurement_service),
        measurements_csv=MeasurementsCsv(access, measurement_service),
        application_measurements=ApplicationMeasurements(
            access,
            measurement_service,
            CountCache(context.stores.measurements, context.clock),
            context.stores.measurements,
            context.stores.clients,
            Subjects(context.stores.subjects, context.entropy),
            context.clock,
            f"{issuer}/api/v2/application/measurements",
        ),
        variables=Variables(access, measurement_service, f"{issuer}/api/v1/variables"),
        variable=OneVariable(access, measurement_service),
        variable_categories=VariableCategories(bearer, references),
        units=Units(bearer, references),
        unit_categories=UnitCategories(bearer, references),
    )


def step_up(context: AppContext) -> StepUpPolicy:
    """Which sign-in each class of sensitive operations by an application needs."""
    tokens = context.settings.tokens
    return StepUpPolicy(
        deletion=StepUpRule(acr=tokens.deletion_acr, max_age=tokens.deletion_max_age),
        export=StepUpRule(acr=tokens.export_acr, max_age=tokens.export_max_age),
    )
