"""The installation's way to seal and match ID numbers, as routes ask for it."""

from typing import Annotated

from fastapi import Depends, Request

from shike.attendance.training.identities import Identities


def current_identities(request: Request) -> Identities:
    """The application's identities."""
    identities: Identities = request.app.state.identities
    return identities


CurrentIdentities = Annotated[Identities, Depends(current_identities)]
