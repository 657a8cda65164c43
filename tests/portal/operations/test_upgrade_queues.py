"""What is known of the queues before an upgrade begins."""

from pathlib import Path

import pytest

from portal import celery
from portal.operations.upgrading import upgrades
from tests.kit.servers import free_port


@pytest.mark.usefixtures("db")
def test_nobody_says_that_no_work_is_left_where_nobody_can_tell(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(celery.app.conf, "broker_write_url", f"redis://127.0.0.1:{free_port()}")
    said = [trouble for trouble in upgrades.troubles(tmp_path) if trouble.startswith("queue: ")]
    assert said == ["queue: the broker does not answer, so nobody knows what work is left"]
