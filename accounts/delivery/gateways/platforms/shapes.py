"""A platform as its file describes it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from accounts.delivery.gateways.platforms.accounts import Accounts
from accounts.delivery.gateways.platforms.values import Expression

KINDS = {
    "form": "application/x-www-form-urlencoded",
    "json": "application/json",
    "xml": "text/xml",
    "text": "text/plain",
}


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    kind: str  # of KINDS; empty: no body
    body: object
    then: tuple[str, ...]  # with the whole body
    type: str  # the Content-Type, if it is not that of its kind


@dataclass(frozen=True)
class Answer:
    format: str
    code: str  # the path of what says how it went
    accepted: tuple[str, ...]
    rejected: str  # the path of recipients that it did not send to, though it says that all is well
    id: str


@dataclass(frozen=True)
class Token:
    request: Request
    format: str
    value: str
    lives: int  # seconds, where the answer does not say
    lifetime: str  # the path of the seconds
    refused: tuple[str, ...]  # codes of an SMS that was refused because of it


@dataclass(frozen=True)
class Reports:
    format: str
    field: str  # of a form, that holds the report
    items: str
    id: str
    attempt: str
    number: str
    status: str
    delivered: tuple[str, ...]
    failed: tuple[str, ...]  # empty: whatever is not delivered or waiting
    waiting: tuple[str, ...]
    bad_number: tuple[str, ...]
    signature: str  # where a report says what `signed` must be; empty: it is not signed
    signed: str
    reply: str
    reply_type: str


@dataclass(frozen=True)
class Platform:
    name: str
    charset: str
    purposes: tuple[str, ...]  # of SMS that it carries; empty: all
    adds_signature: bool  # it puts the signature in front itself
    takes_links: bool
    certificates: str  # a file of authorities; empty: those of the system
    values: Mapping[str, str | Expression]
    secrets: Mapping[str, str] = field(repr=False)
    send: Request
    answer: Answer
    errors: Mapping[str, str]  # the platform's code → recipient, later, ours or unknown
    token: Token | None
    reports: Reports | None
    question: Request | None  # what became of an SMS
    accounts: Accounts | None  # of whom it knows; None: it wants none
