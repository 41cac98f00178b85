"""A site without people, and a visitor."""

from support.page_fixtures import ann, services, site, user, visitor

__all__ = ["ann", "services", "site", "user", "visitor"]
