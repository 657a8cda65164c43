"""A page as it stands in a tab: its form, with the tokens that it was shown with."""

import html
import re
from typing import Any

from tests.kit.people import Person

FORM = re.compile(r"<form\b(.*?)>(.*?)</form>", re.DOTALL)
HIDDEN = re.compile(r"<input\b[^>]*type=\"hidden\"[^>]*>")


def attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


class Form:
    """Where it leads, and what it brings along by itself."""

    def __init__(self, page: str, tag: str, content: str) -> None:
        self.action = attribute(tag, "action") or page
        self.method = attribute(tag, "method").lower() or "get"
        self.hidden = {attribute(field, "name"): attribute(field, "value") for field in HIDDEN.findall(content)}
        self.content = content


def forms(page: str, content: str) -> list[Form]:
    """Those that change something, in their order."""
    found = [Form(page, *form) for form in FORM.findall(content)]
    return [form for form in found if form.method == "post"]


class Tab:
    """`Tab(person, "/sign-in/").send(username=..., password=...)`, as often as the button of that form is pressed."""

    def __init__(self, person: Person, page: str, answer: Any = None) -> None:
        """`answer`: what the page shows already, after a form."""
        self.person = person
        if answer is None:
            answer = person.get(page)
            assert answer.status_code == 200, f"{page}: {answer.status_code} {answer.headers.get('Location')}"
        self.forms = forms(page, answer.content.decode())

    def form(self, *names: str) -> Form:
        """The one with all these fields, or buttons."""
        return next(form for form in self.forms if all(f'name="{name}"' in form.content for name in names))

    def sign_out(self) -> Any:
        form = next(form for form in self.forms if form.action == "/sign-out/")
        return self.person.post(form.action, form.hidden)

    def send(self, **entered: Any) -> Any:
        return self.send_as(self.person, **entered)

    def send_as(self, person: Person, **entered: Any) -> Any:
        """From the browser of somebody else, perhaps."""
        form = self.form(*entered)
        return person.post(form.action, form.hidden | entered)
