"""Who is looking, as frozen values that can travel into WebSockets and background tasks."""

from dataclasses import dataclass

from shike.api.auth.roles import Permission


@dataclass(frozen=True)
class Viewer:
    """An account as it was when this was made. Exactly one of `region_path` and `institution_id` is set."""

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
        """Whether the role gives this right (PUBLIC and MEMBER are always given)."""
        return permission in (Permission.PUBLIC, Permission.MEMBER) or permission in self.permissions

    @property
    def sees_everything(self) -> bool:
        """Whether the scope is the root of the region tree ("/id/")."""
        return self.region_path is not None and self.region_path.count("/") == 2


@dataclass(frozen=True)
class Caller:
    """A viewer and where their request came from, as the audit trail wants it."""

    viewer: Viewer
    ip: str | None
