"""What no page can mean is refused before any page is asked."""

import base64
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.kit.people import Person

NUL = "x\0y"


@pytest.mark.bypass("row 9: a NUL byte, an over-long field")
@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get("/sign-in/", {"next": NUL}),
        lambda client: client.get("/sign-in/", {NUL: "x"}),
        lambda client: client.get("/guides/a%00b/"),
        lambda client: client.post("/sign-in/", {"username": NUL, "password": "x"}),
        lambda client: client.post("/sign-in/", {"username": "x", NUL: "x"}),
        lambda client: client.post("/sign-in/", {"file": SimpleUploadedFile("a", b"x"), "username": "\0"}),
        lambda client: client.post("/sign-in/", {"username": "x" * 4097, "password": "x"}),
        lambda client: client.get("/openid/authorize/", {"client_id": NUL}),
        lambda client: client.get("/openid/authorize/", {"client_id": "x" * 256}),
        lambda client: client.get("/openid/authorize/", {"nonce": "x" * 256}),
        lambda client: client.get("/openid/authorize/", {"code_challenge": "x" * 129}),
        lambda client: client.post("/openid/token/", {"code": NUL}),
        lambda client: client.post("/openid/token/", {"grant_type": "x"}, headers={"authorization": basic("a\0:b")}),
    ],
)
def test_it_is_refused(db: None, ask: Any) -> None:
    response = ask(Client())
    assert response.status_code == 400
    assert "请求有误" in response.content.decode()
    assert "The request was malformed" in response.content.decode()
    assert "no-store" in response.headers["Cache-Control"]


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def test_what_can_be_meant_passes(wangwu: Person, office: Person) -> None:
    assert wangwu.get("/sign-in/", {"next": "/" + "x" * 4000}).status_code == 200
    assert wangwu.enter_password("x" * 4096).status_code == 200
    assert office.get("/admin/accounts/user/", {"q": "x" * 5000}).status_code == 200
    assert wangwu.post("/openid/token/", {}, headers={"authorization": "Basic ???"}).status_code == 400


def test_a_number_that_no_row_can_have(office: Person) -> None:
    for number in ("9" * 30, "9223372036854775808"):
        response = office.post("/admin/office/role/add/", {"name": "Desk", "permissions": [number]})
        assert response.status_code == 400
        assert "请求有误" in response.content.decode()
