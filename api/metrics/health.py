"""GET /api/health for load balancers: whether the service answers and reads its database; no details."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import text

from shike.api.current import Db
from shike.api.wire import PROBLEM

router = APIRouter(tags=["health"], responses=PROBLEM)


class Health(BaseModel):
    status: Literal["ok"]


@router.get("/api/health")
def get_health(db: Db) -> Health:
    """Answers `ok` if the service can read its database, else 503."""
    db.execute(text("SELECT 1"))
    return Health(status="ok")
