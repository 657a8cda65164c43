"""Who comes on the first day, in a process of its own: people with browsers, mail programs, attackers, and the gateway
that has their codes. `python -m benchmarks.crowd` answers each line of JSON on standard input with one.

All come evenly, whether earlier ones were served or not; a time counts from when somebody was due, so that who comes
late to a page because an earlier one took long has waited too.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import parse_qs

import aiohttp
from aiohttp import web

SITE = {"Host": "portal.example.edu", "X-Forwarded-Proto": "https", "Referer": "https://portal.example.edu/"}
PATIENCE = aiohttp.ClientTimeout(total=60)  # seconds
CODE_WITHIN = 60  # seconds


class Line:
    """To a crowd in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.pid = process.pid

    def tell(self, order: dict[str, Any]) -> Any:
        """First ports, token, password, owners of app passwords and how long the gateway takes; then who comes."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def begun() -> Iterator[Line]:
    command = [sys.executable, "-m", "benchmarks.crowd"]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parent.parent, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield Line(process)
    finally:
        process.kill()
        process.wait()


class Gateway:
    """Answers as Twilio does, after `takes` seconds, and hands the codes over."""

    def __init__(self, takes: float) -> None:
        self._takes = takes
        self.codes: defaultdict[str, asyncio.Queue[str]] = defaultdict(asyncio.Queue)

    async def serve(self, port: int) -> None:
        site = web.Application()
        site.router.add_post("/{rest:.*}", self._answer)
        runner = web.AppRunner(site, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()

    async def _answer(self, request: web.Request) -> web.Response:
        form = parse_qs(await request.text())
        code = re.search(r"\d{6}", form["Body"][0])
        assert code
        await self.codes[form["To"][0]].put(code[0])
        await asyncio.sleep(self._takes)
        return web.json_response({"sid": f"SM{time.monotonic_ns():032}", "status": "queued"}, status=201)


class Crowd:
    def __init__(self, gateway: Gateway, ports: dict[str, int], token: str, password: str) -> None:
        self._gateway, self._ports, self._password = gateway, ports, password
        self._token = {"Authorization": f"Bearer {token}"}
        self.times: defaultdict[str, list[float]] = defaultdict(list)
        self.ends: Counter[str] = Counter()

    async def sign_in(self, number: int, due: float) -> None:
        """The whole way of one person with a browser of their own: password, code, home. As nginx keeps no connections
        to the portal, each page is asked for over a new one."""
        name, phone = f"person{number}@example.edu", f"+86138{number:08}"
        headers = SITE | {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        url = f"http://127.0.0.1:{self._ports['web']}"
        cookies: dict[str, str] = {}

        async def ask(step: str, path: str, form: dict[str, str] | None = None, since: float | None = None) -> str:
            start = since or time.monotonic()
            cookie = {"Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())} if cookies else {}
            do = browser.post if form is not None else browser.get
            async with do(url + path, data=form, headers=headers | cookie, allow_redirects=False) as answer:
                text = await answer.text()
                cookies.update({key: morsel.value for key, morsel in answer.cookies.items()})
            self.times[step].append(time.monotonic() - start)
            if answer.status != (302 if form is not None else 200):
                raise UnexpectedError(f"{step}: {answer.status}")
            return text if form is None else answer.headers["Location"]

        fresh = aiohttp.TCPConnector(force_close=True)
        async with aiohttp.ClientSession(
            timeout=PATIENCE, cookie_jar=aiohttp.DummyCookieJar(), connector=fresh
        ) as browser:
            page = await ask("sign-in page", "/sign-in/", since=due)
            form = {"csrfmiddlewaretoken": hidden(page), "username": name, "password": self._password}
            place = await ask("password", "/sign-in/", form)
            page = await ask("page of the code", place)
            start = time.monotonic()
            code = await asyncio.wait_for(self._gateway.codes[phone].get(), CODE_WITHIN)
            self.times["until the gateway has the code"].append(time.monotonic() - start)
            place = await ask("code", place, {"csrfmiddlewaretoken": hidden(page), "code": code})
            await ask("home", place)
        self.inside.append((headers, cookies))

    inside: list[tuple[dict[str, str], dict[str, str]]] = []  # of all orders: what each browser sends

    async def look(self, number: int, due: float) -> None:
        """One of those who came in opens a page again, and is in still."""
        if not self.inside:
            return
        headers, cookies = self.inside[number % len(self.inside)]
        cookie = {"Cookie": "; ".join(f"{key}={value}" for key, value in cookies.items())}
        url = f"http://127.0.0.1:{self._ports['web']}/"
        async with self.line.get(url, headers=headers | cookie, allow_redirects=False) as answer:
            await answer.read()
        self.times["look"].append(time.monotonic() - due)
        if answer.status != 200:
            raise UnexpectedError(f"look: {answer.status}")

    async def read_mail(self, number: int, due: float) -> None:
        """A mail server asks over a new connection, as nginx does, about a program that has the right password."""
        name, secret = self.owners[number % len(self.owners)]
        form = {"user": name, "password": secret, "protocol": "imap", "address": f"10.200.{number % 200}.7"}
        await self._log_in("mail login", form, due)

    async def attack(self, number: int, due: float) -> None:
        """Wrong passwords for one account after the other, from fifty addresses."""
        form = {"user": f"person{number % 500}@example.edu", "password": "wrong", "protocol": "imap",
                "address": f"203.0.113.{number % 50}"}  # fmt: skip
        await self._log_in("attacker's", form, due)

    owners: list[list[str]] = []

    async def _log_in(self, kind: str, form: dict[str, str], due: float) -> None:
        url = f"http://127.0.0.1:{self._ports['mail']}/login"
        async with self.line.post(url, data=form, headers=self._token) as answer:
            await answer.read()
        self.times[kind].append(time.monotonic() - due)
        self.ends[f"{kind}: {answer.status}"] += 1

    async def begin(self) -> None:
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self.line = aiohttp.ClientSession(timeout=PATIENCE, connector=connector)

    async def evenly(self, what: Callable[[int, float], Awaitable[None]], first: int, count: int, rate: float) -> None:
        start = time.monotonic() + 0.2
        going = set[asyncio.Task[None]]()
        for place in range(count):
            due = start + place / rate
            await asyncio.sleep(max(due - time.monotonic(), 0))
            going.add(asyncio.create_task(self._noted(what, first + place, due)))
        await asyncio.gather(*going)

    async def _noted(self, what: Callable[[int, float], Awaitable[None]], number: int, due: float) -> None:
        try:
            await what(number, due)
            self.ends[f"{what.__name__}: done"] += 1
        except (aiohttp.ClientError, TimeoutError, UnexpectedError) as error:
            self.ends[f"{what.__name__}: {type(error).__name__} {error}"] += 1


class UnexpectedError(Exception):
    pass


def hidden(page: str) -> str:
    return page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]


def figures(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    p99 = quantiles(ordered, n=100)[98] if len(ordered) > 1 else ordered[0]
    return {"count": len(ordered), "median": ordered[len(ordered) // 2], "p99": p99, "longest": ordered[-1]}


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    gateway = Gateway(order["takes"])
    await gateway.serve(order["ports"]["gateway"])
    Crowd.owners = order["owners"]
    print(json.dumps("ready"), flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        crowd = Crowd(gateway, order["ports"], order["token"], order["password"])
        await crowd.begin()
        wanted: dict[str, Any] = json.loads(line)
        seconds = wanted["seconds"]
        began = time.monotonic()
        await asyncio.gather(*(
            crowd.evenly(getattr(crowd, kind), wanted["first"], round(rate * seconds), rate)
            for kind, rate in wanted["rates"].items() if rate
        ))  # fmt: skip
        await crowd.line.close()
        print(json.dumps({
            "seconds": time.monotonic() - began, "ends": crowd.ends,
            "times": {step: figures(times) for step, times in crowd.times.items()},
        }), flush=True)  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main())
