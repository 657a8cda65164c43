"""The file of a platform, read and checked at the start: each mistake is a sentence that names the file and the key."""

import codecs
import re
import tomllib
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from accounts.delivery.gateways.platforms import answers, values
from accounts.delivery.gateways.platforms.accounts import Accounts
from accounts.delivery.gateways.platforms.shapes import KINDS, Answer, Platform, Reports, Request, Token
from accounts.delivery.gateways.platforms.values import Expression

# What every file can name, besides its own values.
GIVEN = ("number", "digits", "local", "text", "signature", "code", "mailbox", "mailbox_name", "minutes", "purpose",
         "mailbox_address", "account", "attempt", "timestamp", "milliseconds", "datetime", "nonce", "receipts", "token",
         "id", "status")  # fmt: skip
PURPOSES = ("sign_in", "bind", "change", "change_new", "unbind", "confirm",
            "notice_changed", "notice_unbound", "notice_help", "notice_way", "notice_stolen", "test")  # fmt: skip
TAKEN = ("alibaba", "memory", "outbox", "tencent", "twilio")  # names of other gateways
ERRORS = ("recipient", "later", "ours", "unknown")
PLAIN = "where nobody can listen; allow_http = true lets it pass"


class Table:
    """A table of the file, from which keys are taken one by one."""

    def __init__(self, name: str, content: Any, faults: list[str]) -> None:
        self.name, self.faults, self._left = name, faults, dict(content)
        self._known: list[str] = []

    def fault(self, key: str, words: str) -> None:
        self.faults.append(f"{self.name}.{key}" * bool(self.name) + key * (not self.name) + f" {words}.")

    def take(self, key: str, kind: type | tuple[type, ...], wanted: str, default: Any = None) -> Any:
        self._known.append(key)
        if key not in self._left:
            if default is None:
                self.fault(key, f"is missing: it must be {wanted}")
            return default
        value = self._left.pop(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.fault(key, f"must be {wanted}")
            return default
        return value

    def text(self, key: str, default: str | None = "", wanted: str = "a text") -> str:
        return self.take(key, str, wanted, default) or ""

    def texts(self, key: str, *, needed: bool = False) -> tuple[str, ...]:
        found = self.take(key, list, "a list of texts", None if needed else [])
        return tuple(str(one) for one in found or ())

    def table(self, key: str, *, needed: bool = False) -> "Table":
        found = self.take(key, dict, "a table", None if needed else {})
        return Table(f"{self.name}.{key}".strip("."), found or {}, self.faults)

    def pairs(self, key: str) -> dict[str, str]:
        found = self.take(key, dict, "a table of texts", {})
        return {name: str(value) for name, value in (found or {}).items()}

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        found = self.text(key, default)
        if found not in choices:
            self.fault(key, f"must be {' or '.join(choices)}")
            return default
        return found

    def rest(self) -> dict[str, Any]:
        left, self._left = self._left, {}
        return left

    def end(self) -> None:
        for key in self._left:
            near = get_close_matches(key, self._known, n=1)
            self.fault(key, f"is unknown{f': perhaps {near[0]} is meant' if near else ''}")


def read(path: Path, secret: Callable[[str], str]) -> tuple[Platform | None, list[str]]:
    """`secret` gives a setting by its name. The faults are sentences without the file's name."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return None, [f"it is no TOML: {error}."]
    faults: list[str] = []
    platform = _platform(path.stem, Table("", content, faults), secret)
    return (None, faults) if faults else (platform, [])


def _platform(name: str, top: Table, secret: Callable[[str], str]) -> Platform:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,19}", name):
        top.faults.append("its name must be of up to 20 small letters, digits and _, and end in .toml.")
    if name in TAKEN:
        top.faults.append(f"{name} is the name of another gateway: rename the file.")
    charset = top.text("charset", "utf-8")
    try:
        codecs.lookup(charset)
    except LookupError:
        top.fault("charset", "is no character set, such as utf-8 or gbk")
    own, secrets = _values(top.table("values"), secret)
    known = {*GIVEN, *own, *secrets}
    allow_http = top.take("allow_http", bool, "true or false", False)

    def request(table: Table) -> Request:
        return _request(table, known, allow_http=allow_http)

    send = top.table("send", needed=True)
    errors = top.table("errors")
    by_kind = {kind: errors.texts(kind) for kind in ERRORS}
    errors.end()
    answer = top.table("answer", needed=True)
    token = top.table("token") if "token" in top._left else None
    reports = top.table("receipts") if "receipts" in top._left else None
    question = top.table("question") if "question" in top._left else None
    platform = Platform(
        name=name,
        charset=charset,
        purposes=_purposes(top),
        adds_signature=top.take("adds_signature", bool, "true or false", False),
        takes_links=top.take("takes_links", bool, "true or false", False),
        certificates=top.text("certificates"),
        values=own,
        secrets=secrets,
        send=request(send),
        answer=_answer(answer),
        errors={code: kind for kind, codes in by_kind.items() for code in codes},
        token=_token(token, request) if token else None,
        reports=_reports(reports, known) if reports else None,
        question=request(question) if question else None,
        accounts=_accounts(top),
    )
    if platform.certificates and not Path(platform.certificates).is_file():
        top.fault("certificates", "is no file")
    asked = " ".join(_leaves([platform.send.url, platform.send.query, platform.send.headers, platform.send.body]))
    if "account" in values.names(asked) and not platform.accounts:
        top.fault("accounts", "must name the file that says who has which {account}")
    if question and not reports:
        top.fault("question", "needs receipts, which say how its answer is read")
    top.end()
    return platform


def _accounts(top: Table) -> Accounts | None:
    path = top.text("accounts")
    try:
        return Accounts(Path(path)) if path else None
    except (OSError, ValueError) as error:
        top.fault("accounts", f"is no list of mailboxes and accounts: {error}")
        return None


def _purposes(top: Table) -> tuple[str, ...]:
    found = top.texts("purposes")
    if unknown := [one for one in found if one not in PURPOSES]:
        top.fault("purposes", f"names {', '.join(unknown)}, which is no kind of SMS: there are {', '.join(PURPOSES)}")
    return found


def _values(table: Table, secret: Callable[[str], str]) -> tuple[dict[str, str | Expression], dict[str, str]]:
    own: dict[str, str | Expression] = {}
    secrets: dict[str, str] = {}
    for name, value in table.rest().items():
        if not re.fullmatch(r"\w+", name) or name in GIVEN:
            table.fault(name, "cannot be a name: it is given, or has other characters than letters, digits and _")
        elif isinstance(value, str | int):
            own[name] = str(value)
        elif isinstance(value, dict) and list(value) == ["env"]:
            secrets[name] = secret(str(value["env"]))
            if not secrets[name]:
                table.fault(name, f"needs {value['env']} in the environment or in .env")
        elif isinstance(value, dict) and set(value) <= {"of", "then"} and isinstance(value.get("of"), str):
            own[name] = Expression(value["of"], tuple(map(str, value.get("then", ()))))
        else:
            table.fault(name, 'must be a text, {env = "NAME"}, or {of = "…", then = ["md5", "hex"]}')
    known = {*GIVEN, *secrets}
    for name, expression in own.items():  # each knows those above it
        text = expression if isinstance(expression, str) else " ".join((expression.of, *expression.then))
        _names(table, name, text, known)
        if not isinstance(expression, str) and (words := values.fault(expression.then)):
            table.fault(name, f"has a wrong step: {words}")
        known.add(name)
    return own, secrets


def _names(table: Table, key: str, text: str, known: set[str]) -> None:
    for name in values.names(text):
        if name not in known:
            near = get_close_matches(name, known, n=1)
            table.fault(key, f"names {{{name}}}, which is not there{f': perhaps {near[0]} is meant' if near else ''}")


def _request(table: Table, known: set[str], *, allow_http: bool) -> Request:
    url = table.text("url", None, "an https address")
    place = urlsplit(url)
    if url and (place.scheme not in ("https", "http") or not place.hostname or values.names(place.netloc)):
        table.fault("url", "must be an https address, whose host is written out")
    elif place.scheme == "http" and not allow_http and place.hostname not in ("127.0.0.1", "::1", "localhost"):
        table.fault("url", f"must be https: the code goes over the network, {PLAIN}")
    kinds = [kind for kind in KINDS if kind in table._left]
    if len(kinds) > 1:
        table.fault(kinds[1], f"and {kinds[0]} exclude each other")
    kind = kinds[0] if kinds else ""
    wanted = {"form": dict, "json": (dict, list)}.get(kind, str)
    body = table.take(kind, wanted, "a text" if wanted is str else "a table", "") if kind else ""  # type: ignore[arg-type]
    found = Request(
        method=table.choice("method", ("POST", "GET", "PUT"), "POST" if kind else "GET"),
        url=url,
        query=table.pairs("query"),
        headers=table.pairs("headers"),
        kind=kind,
        body=body,
        then=table.texts("then"),
        type=table.text("type"),
    )
    for part in ("url", "query", "headers", "body", "then"):
        _names(table, kind if part == "body" else part, " ".join(_leaves(getattr(found, part))), known)
    if words := values.fault(found.then):
        table.fault("then", f"has a wrong step: {words}")
    table.end()
    return found


def _leaves(content: object) -> list[str]:
    if isinstance(content, dict):
        return [text for value in content.values() for text in _leaves(value)]
    if isinstance(content, list | tuple):
        return [text for value in content for text in _leaves(value)]
    return [content] if isinstance(content, str) else []


def _pattern(table: Table, key: str, format_: str, path: str) -> str:
    if format_ == "text":
        try:
            re.compile(path)
        except re.error as error:
            table.fault(key, f"is no pattern: {error}")
    return path


def _answer(table: Table) -> Answer:
    format_ = table.choice("format", answers.FORMATS[:3], "json")
    found = Answer(
        format=format_,
        code=_pattern(table, "code", format_, table.text("code", None, "the path of what says how it went")),
        accepted=table.texts("accepted", needed=True),
        rejected=_pattern(table, "rejected", format_, table.text("rejected")),
        id=_pattern(table, "id", format_, table.text("id")),
    )
    table.end()
    return found


def _token(table: Table, request: Callable[[Table], Request]) -> Token:
    format_ = table.choice("format", answers.FORMATS[:3], "json")
    fields = {
        "format": format_,
        "value": _pattern(table, "value", format_, table.text("value", None, "the path of the token")),
        "lives": table.take("lives", int, "a number of seconds", 0),
        "lifetime": table.text("lifetime"),
        "refused": table.texts("refused"),
    }
    if not fields["lives"] and not fields["lifetime"]:
        table.fault("lives", "or lifetime must say for how many seconds it is good")
    return Token(request=request(table), **fields)


def _reports(table: Table, known: set[str]) -> Reports:
    found = Reports(
        format=table.choice("format", answers.FORMATS, "json"),
        field=table.text("field"),
        items=table.text("items"),
        id=table.text("id"),
        attempt=table.text("attempt"),
        number=table.text("number"),
        status=table.text("status", None, "the path of what became of the SMS"),
        delivered=table.texts("delivered", needed=True),
        failed=table.texts("failed"),
        waiting=table.texts("waiting"),
        bad_number=table.texts("bad_number"),
        signature=table.text("signature"),
        signed=table.text("signed"),
        reply=table.text("reply"),
        reply_type=table.text("reply_type", "text/plain"),
    )
    if not found.id and not found.attempt:
        table.fault("id", "or attempt must say which SMS is meant")
    if bool(found.signature) != bool(found.signed):
        table.fault("signed", "and signature need each other")
    _names(table, "signed", found.signed, known)
    table.end()
    return found
