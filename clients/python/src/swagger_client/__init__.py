"""The Python client of a QuantiModo server.

`configuration` and the API classes are those of the client of 2016. `swagger_client.session` signs
a person in with the browser, renews tokens and reads lists page by page: use it in new code.
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
