"""The OpenAPI 3.1 document, made from the table of routes, types and descriptions of operations.

`table.py` lists the files that describe endpoints. `operation.py` has the values that they consist
of; `responses.py`, `client_authentication.py`, `bearer_authentication.py`,
`authorization_request.py`, `authorization_details.py` and `fakes.py` have what several of them
share. `document.py` and `schemas.py` spell the document, which `endpoint.py` serves.
"""
