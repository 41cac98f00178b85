"""The API reference at `/docs`, made from the OpenAPI document."""
