"""A request to a platform, from its description and the values of one SMS."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

import requests

from accounts.delivery.gateways.platforms.shapes import KINDS, Request
from accounts.delivery.gateways.platforms.values import fill, run


def built(request: Request, values: Mapping[str, str], charset: str) -> requests.Request:
    percent = partial(quote, safe="", encoding=charset, errors="replace")
    url = fill(request.url, values, percent)
    if request.query:
        url += "?" + _form(request.query, values, charset)
    headers = {name: fill(value, values).encode(charset, "replace") for name, value in request.headers.items()}
    body: str | bytes = ""
    if request.kind == "form":
        body = _form(request.body, values, charset)
    elif request.kind == "json":
        body = json.dumps(_filled(request.body, values), ensure_ascii=False)
    elif request.kind:
        body = fill(str(request.body), values, _in_xml if request.kind == "xml" else str)
    body = run(request.then, body, values, charset)
    data = body.encode(charset, "replace") if isinstance(body, str) else body
    if request.kind:
        headers.setdefault("Content-Type", (request.type or f"{KINDS[request.kind]}; charset={charset}").encode())
    return requests.Request(request.method, url, headers=headers, data=data or None)


def _form(pairs: Any, values: Mapping[str, str], charset: str) -> str:
    filled = {name: fill(str(value), values) for name, value in pairs.items()}
    return urlencode(filled, encoding=charset, errors="replace")


def _filled(content: Any, values: Mapping[str, str]) -> Any:
    if isinstance(content, dict):
        return {name: _filled(value, values) for name, value in content.items()}
    if isinstance(content, list):
        return [_filled(value, values) for value in content]
    return fill(content, values) if isinstance(content, str) else content


def _in_xml(text: str) -> str:
    return escape(text, {'"': "&quot;"})
