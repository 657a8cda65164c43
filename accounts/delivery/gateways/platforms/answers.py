"""What a platform answers, or reports: a value is found in it by a path."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
FORMATS = ("json", "xml", "text", "form")


def read(format_: str, content: bytes, charset: str) -> Any:
    """Raises ValueError."""
    text = content.decode(charset)  # UnicodeDecodeError is a ValueError
    if format_ == "xml":
        try:
            return fromstring(DECLARATION.sub("", text))  # the parser knows no GBK
        except (ParseError, DefusedXmlException) as error:
            raise ValueError from error
    if format_ == "json":
        try:
            return json.loads(text)
        except RecursionError as error:
            raise ValueError from error
    return dict(parse_qsl(text, encoding=charset)) if format_ == "form" else text


def find(found: Any, path: str) -> Any:
    """json and form: `data.0.id`; xml: `body/id`, `body@code`; text: a pattern, of which the first group counts.
    None where there is nothing."""
    if isinstance(found, Element):
        return _in_xml(found, path)
    if isinstance(found, str):
        match = re.search(path, found)
        return (match[1] if match.re.groups else match[0]) if match else None
    for key in filter(None, path.split(".")):
        if isinstance(found, dict):
            found = found.get(key)
        elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
            found = found[int(key)]
        else:
            return None
    return found


def _in_xml(root: Element, path: str) -> Any:
    place, _, attribute = path.partition("@")
    element = root.find(place) if place else root
    if element is None:
        return None
    return element.get(attribute) if attribute else (element.text or "").strip()


def word(found: Any, path: str) -> str:
    """As text; empty where there is nothing, or no single value."""
    value = find(found, path)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or isinstance(value, dict | list) else str(value)


def items(found: Any, path: str) -> list[Any]:
    """The parts of a list; one that is no list is its own only part."""
    if isinstance(found, Element):
        return list(found.findall(path)) if path else [found]
    part = find(found, path) if path else found
    if path and part is None:
        return []
    return part if isinstance(part, list) else [part]
