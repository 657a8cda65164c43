"""Somebody's browser and the application that it signs in to through the portal, without anybody's pages."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from tests.kit.people import PASSWORD
from tests.kit.servers.house import House
from tests.kit.servers.mail import SECRETS

SCOPE = "openid email mail"
WITHIN = 30  # seconds


class Browser(requests.Session):
    """At the portal and at webmail."""

    def __init__(self, house: House, name: str) -> None:
        super().__init__()
        self.house, self.name = house, name
        self.trust_env = False  # it trusts the house's certificate and no other
        self.verify = str(house.mail.certificate)
        self.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

    def submit(self, path: str, **fields: str) -> requests.Response:
        url = self.house.portal_url + path
        self.get(url, timeout=WITHIN)
        fields["csrfmiddlewaretoken"] = str(self.cookies["csrf"])
        return self.post(url, fields, timeout=WITHIN)

    def sign_in(self) -> None:
        page = self.submit("/sign-in/", username=self.name, password=PASSWORD)
        assert urlsplit(page.url).path == "/", page.url

    def sign_out(self) -> None:
        self.submit("/sign-out/")

    def authorize(self, scope: str = SCOPE) -> dict[str, str]:
        """What the portal sends to webmail by way of the browser."""
        asked = {
            "response_type": "code", "client_id": "roundcube", "redirect_uri": self.house.return_uri, "scope": scope,
            "state": "of-a-test",
        }  # fmt: skip
        url = f"{self.house.portal_url}/openid/authorize/"
        response = self.get(url, params=asked, timeout=WITHIN, allow_redirects=False)
        assert response.status_code == 302, response.text
        return dict(parse_qsl(urlsplit(response.headers["Location"]).query))

    def tokens(self, scope: str = SCOPE) -> dict[str, Any]:
        """What webmail gets for it, knowing its secret."""
        given = {"grant_type": "authorization_code", "code": self.authorize(scope)["code"]}
        return self.at_portal("token", redirect_uri=self.house.return_uri, **given).json()  # type: ignore[no-any-return]

    def at_portal(self, endpoint: str, **fields: str) -> requests.Response:
        """As webmail's own server asks."""
        fields |= {"client_id": "roundcube", "client_secret": SECRETS["roundcube"]}
        response = requests.post(f"{self.house.portal_url}/openid/{endpoint}/", fields, timeout=WITHIN)
        assert response.ok, response.text
        return response

    # --- Webmail ----------------------------------------------------------------------------------------------------

    def open(self, path: str = "/", **more: Any) -> requests.Response:
        """A page of webmail, or where it leads: to the portal's sign-in, if that is so."""
        return self.get(self.house.webmail_url + path, timeout=WITHIN, **more)

    def ask(self, action: str, **fields: str) -> requests.Response:
        """What a page of webmail asks behind the scenes."""
        asked = {"_task": "mail", "_action": action, "_remote": "1", "_mbox": "INBOX"} | fields
        return self.open(params=asked, headers={"X-Roundcube-Request": self.request_token})

    def enter_webmail(self) -> None:
        page = self.open()
        assert is_inbox(page), page.url
        found = re.search(r'"request_token":"(\w+)"', page.text)
        assert found
        self.request_token = found.group(1)


def is_inbox(page: requests.Response) -> bool:
    return page.ok and "_task=mail" in page.url and "messagelist" in page.text


def is_sign_in(page: requests.Response) -> bool:
    """Of the portal."""
    return page.ok and urlsplit(page.url).path == "/sign-in/"
