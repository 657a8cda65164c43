"""A small share of `python -m benchmarks.storm`: workers die, messages come twice, the gateway and the broker hang."""

import json
import subprocess
import sys

import pytest
from django.conf import settings

from tests.kit.servers import need

pytestmark = [pytest.mark.slow]


@pytest.mark.bypass("row 43: kill -9")
def test_no_code_is_sent_twice_and_none_is_lost_in_silence() -> None:
    need("redis-server")
    need("initdb")
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.storm", "60", "5"],
        cwd=settings.BASE_DIR, check=False, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
    found = json.loads(done.stdout)
    assert (found["killed"], found["twice"], found["frozen"]) == (5, 5, 2)
    assert sum(found["outcomes"].values()) == 60
    assert found["outcomes"]["sent"] > 0
