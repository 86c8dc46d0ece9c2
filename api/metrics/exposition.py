"""GET /metrics for Prometheus: needs the token of the setting metrics_token, or a request from this machine.

Not here: what is measured (gauges.py). Design: docs/design/api.md.
"""

import hmac

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest

from shike.api.auth.guard import address_of
from shike.api.current import current_of
from shike.api.errors import Forbidden, NotLoggedIn
from shike.api.metrics.gauges import Gauges
from shike.api.wire import PROBLEM

router = APIRouter(tags=["metrics"], responses=PROBLEM)

_LOOPBACK = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1"})
# A request with one of these headers came through a proxy on this machine, from somewhere else.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")


@router.get("/metrics", response_class=Response)
def get_metrics(request: Request) -> Response:
    """All metrics in Prometheus' text format. 401 without the right token; if none is set, 403 from other machines."""
    current = current_of(request)
    admit_scraper(request, current.settings.metrics_token.get_secret_value())
    registry = CollectorRegistry(auto_describe=False)
    registry.register(current.part(Gauges))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def admit_scraper(request: Request, token: str) -> None:
    """Admits a scraper, or raises NotLoggedIn (if a token is set) or Forbidden (if none is set)."""
    if token:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
            raise NotLoggedIn("metrics need the bearer token of the setting metrics_token")
    elif address_of(request) not in _LOOPBACK or any(name in request.headers for name in _FORWARDED):
        raise Forbidden("metrics are for this machine alone", hint="set metrics_token to read them from elsewhere")
