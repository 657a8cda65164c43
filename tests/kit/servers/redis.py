import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import redis

from tests.kit.servers import free_port, need
from tests.kit.servers.programs import Program
from tests.kit.waiting import wait_until


class Redis:
    """A private Redis that keeps nothing. `start()` after `kill()` brings an empty one up on the same port."""

    def __init__(self) -> None:
        self._binary = need("redis-server")
        self._folder = tempfile.TemporaryDirectory(prefix="mailkey-redis-")
        self._program: Program | None = None
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis(port=self.port, socket_timeout=5, socket_connect_timeout=1)

    def start(self) -> Self:
        command = [self._binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._program = Program([*command, "--dir", self._folder.name], Path(self._folder.name) / "log")
        wait_until(self._answers, 30)
        return self

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.ConnectionError:
            return False

    @property
    def program(self) -> Program:
        assert self._program is not None, "it was not started"
        return self._program

    def dump(self) -> bytes:
        """Every key and every value, as bytes."""
        return b"\n".join(part for key in self.client.scan_iter() for part in (key, self._value(key)))

    def _value(self, key: bytes) -> bytes:
        read: dict[Any, Any] = {
            b"string": lambda: self.client.get(key),
            b"list": lambda: self.client.lrange(key, 0, -1),
            b"set": lambda: self.client.smembers(key),
            b"zset": lambda: self.client.zrange(key, 0, -1, withscores=True),
            b"hash": lambda: self.client.hgetall(key),
        }
        return repr(read[self.client.type(key)]()).encode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        if self._program:
            self._program.kill()
        self._folder.cleanup()


@contextmanager
def refused(redis: Redis) -> Iterator[None]:
    redis.program.kill()
    yield
    redis.start()


@contextmanager
def frozen(redis: Redis) -> Iterator[None]:
    redis.program.freeze()
    yield
    redis.program.thaw()


@contextmanager
def full(redis: Redis) -> Iterator[None]:
    """It has no memory for anything more."""
    redis.client.config_set("maxmemory", 1)
    yield
    redis.client.config_set("maxmemory", 0)
