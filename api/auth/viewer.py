"""The viewer and the caller of a request, as frozen values that WebSockets and background tasks can keep."""

from dataclasses import dataclass

from shike.api.auth.roles import Permission


@dataclass(frozen=True)
class Viewer:
    """An account at the time of its request. Exactly one of `region_path` and `institution_id` is set."""

    account_id: str
    login_id: str
    username: str
    name: str
    role: str
    permissions: frozenset[Permission]
    region_path: str | None
    institution_id: str | None
    scope_label: str

    def may(self, permission: Permission) -> bool:
        """Whether the role has this right; PUBLIC and MEMBER are always true."""
        return permission in (Permission.PUBLIC, Permission.MEMBER) or permission in self.permissions

    @property
    def sees_everything(self) -> bool:
        """Whether the scope is the root of the region tree ("/id/")."""
        return self.region_path is not None and self.region_path.count("/") == 2


@dataclass(frozen=True)
class Caller:
    """A viewer and the IP address of their request, for the audit trail."""

    viewer: Viewer
    ip: str | None
