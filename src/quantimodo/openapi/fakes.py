"""Values for examples, where several files have them. None of them is valid: no stored digest can
match them."""

from typing import Final

CLIENT_ID: Final = "fakeclientid2345"
CLIENT_SECRET: Final = "qms_fake-secret-that-opens-nothing"
ACCESS_TOKEN: Final = "qma_fake-access-token-that-opens-nothing"
REFRESH_TOKEN: Final = "qmr_fake-refresh-token-of-no-use"
CODE: Final = "qmc_fake-code-of-no-use"
REDIRECT_URI: Final = "https://app.example.org/callback"
ISSUER: Final = "https://id.example.org"
AUDIENCE: Final = "https://id.example.org/api"
SCOPES: Final = "basic readmeasurements"
DETAILS: Final = (
    '[{"type":"health_measurements","actions":["read"],"categories":["Sleep"],"days":90}]'
)
SUBJECT: Final = "fake-subject-0000000000"
STATE: Final = "fake-state"
GRANT_ID: Final = "fake-grant-id-000000000000"
NONCE: Final = "fake-nonce"
LOGIN_TOKEN: Final = "fake.login.token"
ID_TOKEN: Final = "fake.id.token"
# RFC 7636 appendix B, so that the two halves belong together.
VERIFIER: Final = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE: Final = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
