"""Real servers for tests, each in a temporary folder and on a free port."""

import os
import shutil
import socket
from pathlib import Path
from typing import NoReturn

import pytest


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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
