"""The values of requests and responses of the API."""

from swagger_client.models.authentication import (
    Authorization,
    AuthorizationAnswer,
    Login,
    LoginAnswer,
    SocialLogin,
    TokenAnswer,
)
from swagger_client.models.measurements import Measurement, MeasurementSet, NewMeasurement
from swagger_client.models.units import ConversionStep, Unit, UnitCategory
from swagger_client.models.users import User
from swagger_client.models.variables import Variable, VariableCategory
from swagger_client.records import Record

__all__ = [
    "Authorization",
    "AuthorizationAnswer",
    "ConversionStep",
    "Login",
    "LoginAnswer",
    "Measurement",
    "MeasurementSet",
    "NewMeasurement",
    "Record",
    "SocialLogin",
    "TokenAnswer",
    "Unit",
    "UnitCategory",
    "User",
    "Variable",
    "VariableCategory",
]
