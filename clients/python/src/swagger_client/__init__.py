"""A client of a QuantiModo server, as the reference page of 2016 shows it, and more.

`configuration` and the API classes are those of the page. `swagger_client.session` signs a person
in by the browser, keeps tokens fresh and pages through answers: start there with new code.
"""

from swagger_client import rest, session
from swagger_client.api_client import ApiClient
from swagger_client.apis import (
    AuthenticationApi,
    MeasurementsApi,
    UnitsApi,
    UserApi,
    VariablesApi,
)
from swagger_client.configuration import VERSION as __version__
from swagger_client.configuration import Configuration, configuration
from swagger_client.models import (
    Authorization,
    AuthorizationAnswer,
    ConversionStep,
    Login,
    LoginAnswer,
    Measurement,
    MeasurementSet,
    NewMeasurement,
    Record,
    SocialLogin,
    TokenAnswer,
    Unit,
    UnitCategory,
    User,
    Variable,
    VariableCategory,
)
from swagger_client.rest import ApiException

__all__ = [
    "ApiClient",
    "ApiException",
    "AuthenticationApi",
    "Authorization",
    "AuthorizationAnswer",
    "Configuration",
    "ConversionStep",
    "Login",
    "LoginAnswer",
    "Measurement",
    "MeasurementSet",
    "MeasurementsApi",
    "NewMeasurement",
    "Record",
    "SocialLogin",
    "TokenAnswer",
    "Unit",
    "UnitCategory",
    "UnitsApi",
    "User",
    "UserApi",
    "Variable",
    "VariableCategory",
    "VariablesApi",
    "__version__",
    "configuration",
    "rest",
    "session",
]
