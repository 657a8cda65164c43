"""Another site that signs people in through the portal, as tests act it."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management import call_command

from tests.kit.people import Person

BACK = "https://webmail.example.edu/index.php/login/oauth"
SECRET = "a-secret-of-an-application-that-nobody-guesses"
VERIFIER = "v" * 50


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Site:
    """`site.open(person)` sends a browser to the portal, `site.exchange(code)` asks for tokens behind its back."""

    def __init__(self, folder: Any, client_id: str = "webmail", *options: str) -> None:
        self.client_id, self.server = client_id, Person()
        file = folder / f"{client_id}.secret"
        file.write_text(SECRET)
        call_command("addclient", client_id, *options, secret_file=str(file), redirect_uri=[BACK])

    def asked(self, **changed: str | None) -> dict[str, str]:
        asked = {"response_type": "code", "client_id": self.client_id, "redirect_uri": BACK,
                 "scope": "openid email mail", "state": "s-1"} | changed  # fmt: skip
        return {name: value for name, value in asked.items() if value is not None}

    def open(self, person: Person, **changed: str | None) -> Any:
        return person.get("/openid/authorize/", self.asked(**changed))

    def post(self, page: str, **data: str) -> Any:
        return self.server.post(f"/openid/{page}/", {"client_id": self.client_id, "client_secret": SECRET, **data})

    def exchange(self, code: str, **data: str) -> Any:
        return self.post("token", grant_type="authorization_code", code=code, redirect_uri=BACK, **data)

    def refresh(self, token: str, **data: str) -> Any:
        return self.post("token", grant_type="refresh_token", refresh_token=token, **data)

    def tokens(self, person: Person, **changed: str | None) -> dict[str, Any]:
        """The whole way of somebody who is in."""
        response = self.exchange(code_in(self.open(person, **changed)))
        assert response.status_code == 200, response.content
        tokens: dict[str, Any] = json.loads(response.content)
        return tokens

    def who(self, token: str) -> Any:
        return self.server.get("/openid/userinfo/", headers={"authorization": f"Bearer {token}"})


class MailServer(Site):
    def says(self, token: str, **headers: str) -> dict[str, Any]:
        """What is said about a token: as Dovecot asks."""
        basic = base64.b64encode(f"{self.client_id}:{SECRET}".encode()).decode()
        response = self.server.post(
            "/openid/introspect/", {"token": token}, headers={"authorization": f"Basic {basic}", **headers}
        )
        assert response.status_code == 200
        answer: dict[str, Any] = json.loads(response.content)
        return answer


def query(response: Any) -> dict[str, str]:
    assert response.status_code == 302, response.content
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}


def code_in(response: Any) -> str:
    assert response.headers["Location"].startswith(f"{BACK}?"), response.headers["Location"]
    return query(response)["code"]
