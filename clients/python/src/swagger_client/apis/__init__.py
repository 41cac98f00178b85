"""The methods of the API, in groups, by the names that the client of 2016 gave them."""

from swagger_client.apis.authentication_api import AuthenticationApi
from swagger_client.apis.measurements_api import MeasurementsApi
from swagger_client.apis.units_api import UnitsApi
from swagger_client.apis.user_api import UserApi
from swagger_client.apis.variables_api import VariablesApi

__all__ = ["AuthenticationApi", "MeasurementsApi", "UnitsApi", "UserApi", "VariablesApi"]
