"""Real servers for tests, each in a temporary folder and on a free port."""

import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path
from secrets import randbelow
from typing import NoReturn

import pytest

PORTS = range(20_000, 32_000)


def need(program: str) -> str:
    """The path of a program; without it the test is skipped, or fails where REQUIRE_SERVERS=1."""
    places = [*os.get_exec_path(), "/usr/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))]
    found = shutil.which(program, path=os.pathsep.join(places))
    return found or miss(f"{program} is not installed")


def need_file(path: str) -> None:
    """As `need`, for what is no program."""
    if not Path(path).exists():
        miss(f"{path} is not installed")


def miss(what: str) -> NoReturn:
    """The same, said in a sentence."""
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(f"{what}, and REQUIRE_SERVERS=1")
    pytest.skip(what)


def free_port() -> int:
    """Below those that the kernel gives to whoever connects somewhere: nobody is given it before its server has it."""
    while True:
        port = PORTS[randbelow(len(PORTS))]  # random is seeded alike in all processes of a run
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
