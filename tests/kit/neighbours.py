"""A pytest plugin: files of tests that drive the same servers go to the same process, one after the other, as each
process starts servers of its own. `--dist loadfile` has files that go together no better than any others."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadfile import LoadFileScheduling
from xdist.workermanage import WorkerController

ROOT = Path(__file__).parent.parent.parent
# What tests are handed of servers that run until the last test, and how those are called here.
SERVERS = {"MailSystem": "mail", "Mailbox": "mail", "House": "mail", "Crowd": "crowd"}
HANDED = re.compile(rf": ({'|'.join(SERVERS)})\b")


@cache
def servers_of(file: str) -> str:
    found = HANDED.search((ROOT / file).read_text(encoding="utf-8"))
    return SERVERS[found[1]] if found else ""


class Neighbours(LoadFileScheduling):  # type: ignore[misc]  # which has no types
    """As long as there are files for the servers that a process has, it gets those; then what needs nobody else's."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(next(self._best_first(node)), last=False)
        super()._assign_work_unit(node)

    def _best_first(self, node: WorkerController) -> Iterator[str]:
        mine = self._has(node)
        theirs = {servers for other in self.nodes for servers in self._has(other)}
        yield from (file for file in self.workqueue if servers_of(file) in mine)
        yield from (file for file in self.workqueue if servers_of(file) not in theirs)
        yield from self.workqueue

    def _has(self, node: WorkerController) -> set[str]:
        return {servers for file in self.assigned_work[node] if (servers := servers_of(file))}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Neighbours | None:
    return Neighbours(config, log) if config.getvalue("dist") == "loadfile" else None
