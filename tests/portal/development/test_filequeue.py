"""The development queue: a reader finds whole messages or none."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu.connection import Connection
from kombu.exceptions import ChannelError

import portal.celery  # noqa: F401 (it names our transport)


def channel(folder: Path) -> Any:
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "control_folder": f"{folder}-control"}
    return Connection("filesystem://localhost", transport_options=options).channel()  # type: ignore[no-untyped-call]


@contextmanager
def full_disk() -> Iterator[None]:
    """Files can be made, and nothing be written into them: the moment at which a reader must not look."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "queue"
    folder.mkdir()
    return folder


def test_what_is_written_is_read_in_its_order(folder: Path) -> None:
    with channel(folder) as queue:
        queue._put("sms", {"body": "密"})
        queue._put("mail", {"body": "another queue's"})
        assert queue._get("sms") == {"body": "密"}
        with pytest.raises(Empty):
            queue._get("sms")


def test_a_message_that_is_not_whole_is_not_found(folder: Path) -> None:
    """A worker that finds half a message ends."""
    with channel(folder) as queue:
        with full_disk(), pytest.raises((OSError, ChannelError)):
            queue._put("sms", {"body": "x"})
        assert list(folder.iterdir())
        with pytest.raises(Empty):
            queue._get("sms")
