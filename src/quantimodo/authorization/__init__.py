"""The steps between an authorization request and its answer, as the server remembers them."""
