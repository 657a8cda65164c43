"""Many people at once: processes on one database, whose threads start together.

`python -m tests.kit.crowd` is one of the processes. It reads {"deed": ..., "calls": [...]} as a line of JSON, gets its
threads to the start, says so, waits for the next line, lets them go, and answers what each call returned.
`Crowd` starts the processes, and its `rush` releases them together.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from threading import Barrier, Event
from typing import Any, Self

import django
from django.conf import settings
from django.db import connection

from tests.kit.servers import migrated

PROCESSES = 4
THREADS = 12  # in each process
# As the crowd has it in its settings.
SHARED_NETWORK = "172.16.0.0/12"
HOOK_KEY, HOOK_LIMIT = "k" * 32, 5

Call = Mapping[str, Any]


class Crowd:
    """`rush("enter_code", calls)`: each call is a deed of tests/kit (deeds, deeds_sms), done in one of 48 threads."""

    def __init__(self, database_url: str, var: Path) -> None:
        self.database_url, self.outbox = database_url, var / "outbox.jsonl"
        migrated.migrate(database_url)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DATABASE_URL": database_url,
            "VAR": str(var),
            "SMS_GATEWAY": "outbox",  # a file: what all the processes hand over can be counted
            "SHARED_NETWORKS": SHARED_NETWORK,
            "SMS_BUDGETS": "886: 40, 2 money",
            "SMS_PRICES": "outbox 886: 0.04",
            "STOLEN_HOOK_KEY": HOOK_KEY,
            "STOLEN_HOOK_LIMIT": str(HOOK_LIMIT),
            "LOG_LEVEL": "ERROR",
        }
        self._processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.kit.crowd"],
                env=environment,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(PROCESSES)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            assert process.stdin
            process.stdin.close()  # at which they end, all at once
            process.stdin = None  # `communicate` would flush it
        for process in self._processes:
            process.communicate()

    def rush(self, deed: str, calls: Sequence[Call]) -> list[Any]:
        """What the calls returned, in their order. An exception in one of them fails the test."""
        shares = [calls[number::PROCESSES] for number in range(PROCESSES)]
        busy = [(process, share) for process, share in zip(self._processes, shares, strict=True) if share]
        for process, share in busy:
            self._tell(process, json.dumps({"deed": deed, "calls": share}))
        for process, _ in busy:
            assert self._hear(process) == "ready"
        for process, _ in busy:
            self._tell(process, "go")
        answers = [self._hear(process) for process, _ in busy]
        results: list[Any] = [None] * len(calls)
        for number, answer in enumerate(answers):
            results[number::PROCESSES] = answer
        errors = [result["error"] for result in results if isinstance(result, dict) and "error" in result]
        assert not errors, f"{len(errors)} of {len(calls)} failed: {sorted(set(errors))}"
        return results

    @staticmethod
    def _tell(process: "subprocess.Popen[str]", line: str) -> None:
        assert process.stdin
        process.stdin.write(line + "\n")
        process.stdin.flush()

    @staticmethod
    def _hear(process: "subprocess.Popen[str]") -> Any:
        assert process.stdout
        line = process.stdout.readline()
        assert line, "a process of the crowd ended"
        return json.loads(line)

    def sms(self) -> int:
        """How many the processes handed over to the gateway."""
        return len(self.outbox.read_text(encoding="utf-8").splitlines()) if self.outbox.exists() else 0


def _do(deed: Callable[..., Any], calls: Sequence[Call], start: Barrier, go: Event) -> list[Any]:
    connection.ensure_connection()
    start.wait()
    go.wait()
    return [_result(deed, call) for call in calls]


def _result(deed: Callable[..., Any], call: Call) -> Any:
    try:
        return deed(**call)
    except Exception as error:  # whatever it is, the test is told
        return {"error": f"{type(error).__name__}: {error}"}


def main() -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    django.setup()
    settings.DEBUG = False  # which would keep every statement
    deeds = vars(import_module("tests.kit.deeds")) | vars(import_module("tests.kit.deeds_sms"))
    with ThreadPoolExecutor(THREADS) as pool:
        for line in iter(sys.stdin.readline, ""):
            command = json.loads(line)
            deed, calls = deeds[command["deed"]], command["calls"]
            threads = min(THREADS, len(calls))
            start, go = Barrier(threads + 1), Event()
            shares = [pool.submit(_do, deed, calls[number::threads], start, go) for number in range(threads)]
            start.wait()
            print('"ready"', flush=True)
            sys.stdin.readline()
            go.set()
            results: list[Any] = [None] * len(calls)
            for number, share in enumerate(shares):
                results[number::threads] = share.result()
            print(json.dumps(results), flush=True)


if __name__ == "__main__":
    main()
