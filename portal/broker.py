"""Connections to the broker that find it again soon, however long it was away."""

from functools import cache
from typing import Any

from celery.app import amqp
from kombu import connection

AGAIN_AFTER = 1  # seconds; kombu waits longer each time, up to half a minute
# For whoever must know it in two seconds: three sentinels and the one that they name are asked in less.
BRIEFLY = {"socket_timeout": 0.4, "socket_connect_timeout": 0.4}


class Connection(connection.Connection):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = kwargs.pop("transport_options", None) or {}
        sentinels = {"retry": _once()} | {name: given[name] for name in BRIEFLY if name in given}
        kwargs["transport_options"] = {"sentinel_kwargs": sentinels} | given
        super().__init__(*args, **kwargs)

    def ensure_connection(self, *args: Any, **kwargs: Any) -> Any:
        pauses = {"interval_start": AGAIN_AFTER, "interval_step": 0, "interval_max": AGAIN_AFTER}
        return super().ensure_connection(*args, **pauses | kwargs)


@cache
def _once() -> Any:
    """Whoever meets a sentinel that is gone asks the next one; redis-py's own default is ten more tries of each. What
    talks to no broker does not load it."""
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    return Retry(NoBackoff(), 0)


class AMQP(amqp.AMQP):
    Connection = Connection
