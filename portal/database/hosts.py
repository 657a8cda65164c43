"""Several hosts in DATABASE_URL, of which one writes: whoever found it tells the next one, who need not wait for those
that are gone."""

from typing import Any

import psycopg

DEFAULT_PORT = "5432"

_found: list[tuple[str, str]] = []  # by this process, the last time


def in_order(parameters: dict[str, Any]) -> dict[str, Any]:
    """The one that was found comes first, the others as the setting names them."""
    hosts = str(parameters.get("host") or "").split(",")
    if len(hosts) == 1:
        return parameters
    ports = [port or DEFAULT_PORT for port in str(parameters.get("port") or "").split(",")]
    places = list(zip(hosts, ports * len(hosts) if len(ports) == 1 else ports, strict=True))
    places.sort(key=lambda place: place not in _found)
    return parameters | {"host": ",".join(host for host, _ in places), "port": ",".join(port for _, port in places)}


def note(connection: psycopg.Connection[Any]) -> None:
    _found[:] = [(connection.info.host, str(connection.info.port))]
