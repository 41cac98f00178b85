"""Who the person is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swagger_client import resources
from swagger_client.calls import Call
from swagger_client.models import User
from swagger_client.operations import ResourceApi, ResourceOptions, operation, with_http_info

if TYPE_CHECKING:
    from typing_extensions import Unpack


class UserApi(ResourceApi):
    """The person whom the access token belongs to."""

    @operation
    def v1_user_me_get(self, **options: Unpack[ResourceOptions]) -> Call[User]:
        """The person's name and addresses. Scope: `basic`."""
        return resources.me()

    v1_user_me_get_with_http_info = with_http_info(v1_user_me_get)
