"""The client that openapi-generator makes for Python, at work: run beside it, with what it needs as
JSON on standard input; prints what it got as JSON."""

import json
import sys

from openapi_client import ApiClient, Configuration, MeasurementSet, MeasurementTime
from openapi_client.api.discovery_api import DiscoveryApi
from openapi_client.api.measurements_api import MeasurementsApi
from openapi_client.api.people_api import PeopleApi
from openapi_client.api.tokens_api import TokensApi
from openapi_client.exceptions import ApiException

given = json.load(sys.stdin)
app = {"client_id": given["client_id"], "client_secret": given["client_secret"]}
tokens = TokensApi(ApiClient(Configuration(host=given["issuer"])))
bought = tokens.get_tokens(
    grant_type="authorization_code",
    code=given["code"],
    redirect_uri=given["redirect_uri"],
    code_verifier=given["code_verifier"],
    **app,
)
fresh = tokens.get_tokens(grant_type="refresh_token", refresh_token=bought.refresh_token, **app)
session = ApiClient(Configuration(host=given["issuer"], access_token=fresh.access_token))
person = PeopleApi(session).get_user()
userinfo = PeopleApi(session).get_user_info()
measurements = MeasurementsApi(session)
added = measurements.add_measurements(
    [
        MeasurementSet(
            variable_name="Sleep Quality",
            source_name="Generated",
            variable_category_name="Sleep",
            combination_operation="MEAN",
            abbreviated_unit_name="/5",
            measurements=[
                {"startTime": MeasurementTime(1_439_389_320 + 60 * number), "value": 3}
                for number in range(2)
            ],
        )
    ]
)
listed = measurements.list_measurements_with_http_info(limit=1, sort="-startTime")
changed = measurements.change_measurement(listed.data[0].id, {"value": 4})
variable = measurements.get_variable("Sleep Quality")
sheet = measurements.export_measurements()
alive = tokens.introspect_token(token=fresh.access_token, **app)
tokens.revoke_token(token=fresh.refresh_token, **app)
try:
    PeopleApi(session).get_user()
    refused = None
except ApiException as refusal:
    refused = [refusal.status, refusal.data.error]
keys = DiscoveryApi(session).get_keys()
print(
    json.dumps(
        {
            "person": person.id,
            "subject": userinfo.sub,
            "email": userinfo.email,
            "added": added.success,
            "total": int(
                {name.lower(): text for name, text in listed.headers.items()}["total-count"]
            ),
            "listed": [each.start_time for each in listed.data],
            "changed": changed.value,
            "counted": variable.number_of_measurements,
            "lines": len(sheet.splitlines()),
            "active": alive.active,
            "refused": refused,
            "first key": keys.keys[0].alg,
        }
    )
)
