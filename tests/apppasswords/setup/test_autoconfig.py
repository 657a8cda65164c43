"""What mail programs are told that look for the servers: Thunderbird's way, Outlook's, and the DNS."""

import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from lxml import etree
from pytest_django import Settings

from apppasswords.setup.autoconfig import QUESTION_LIMIT
from tests.conftest import MakeUser

SCHEMAS = Path(__file__).parent / "schemas"
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
MOBILE = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
ERROR = "{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}"
CONFIGURATION = "/mail/config-v1.1.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
DISCOVERY = "/autodiscover/autodiscover.xml"
SERVERS = [("imap.example.edu", "993"), ("pop.example.edu", "995"), ("smtp.example.edu", "465")]


@pytest.fixture(autouse=True)
def servers(settings: Settings) -> None:
    """A host name of its own for mail programs, beside the portal's."""
    settings.ALLOWED_HOSTS = ["testserver", "autoconfig.example.edu", "autodiscover.example.edu", "example.edu"]
    settings.SETUP_HOSTS = {"autoconfig.example.edu", "autodiscover.example.edu", "example.edu"}


def parsed(answer: bytes, schema: str) -> Any:
    """What follows the schema."""
    root = etree.fromstring(answer)
    etree.XMLSchema(etree.parse(SCHEMAS / schema)).assertValid(root)
    return root


def question(address: str = "zhangsan@example.edu", schema: str = OUTLOOK) -> str:
    """As Outlook sends it."""
    asks = schema.replace("responseschema/2006a", "requestschema/2006").replace("responseschema", "requestschema")
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<Autodiscover xmlns="{asks}"><Request><EMailAddress>{address}</EMailAddress>'
        f"<AcceptableResponseSchema>{schema}</AcceptableResponseSchema></Request></Autodiscover>"
    )


def ask(client: Client, body: str | bytes, path: str = DISCOVERY, **headers: str) -> Any:
    response = client.post(path, body, content_type="text/xml; charset=utf-8", headers=headers)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
    return parsed(response.content, "autodiscover.xsd")


def error_of(answer: Any) -> str:
    found: str = answer.findtext(f"{ERROR}Response/{ERROR}Error/{ERROR}ErrorCode", "none")
    return found


# --- Thunderbird, K-9, Evolution, KMail -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "path"),
    [("autoconfig.example.edu", CONFIGURATION), ("example.edu", WELL_KNOWN), ("testserver", WELL_KNOWN)],
)
def test_the_configuration_names_the_servers_imap_first(client: Client, host: str, path: str) -> None:
    response = client.get(path, {"emailaddress": "zhangsan@example.edu"}, headers={"Host": host})
    provider = parsed(response.content, "autoconfig.xsd")[0]
    servers = [*provider.iterfind("incomingServer"), *provider.iterfind("outgoingServer")]
    assert [server.get("type") for server in servers] == ["imap", "pop3", "smtp"]
    assert [(server.findtext("hostname"), server.findtext("port")) for server in servers] == SERVERS
    for server in servers:
        assert server.findtext("socketType") == "SSL"
        assert server.findtext("authentication") == "password-cleartext"
        assert server.findtext("username") == "%EMAILADDRESS%"
    assert provider.findtext("displayName") == "示例大学"
    assert provider.find("documentation").get("url") == "http://localhost:8000/guides/"


@pytest.mark.parametrize("server", ["", "dav.example.edu"])
def test_the_configuration_names_calendars_where_there_is_a_server(
    client: Client, settings: Settings, server: str
) -> None:
    settings.DAV_HOST = server
    _provider, *others = parsed(client.get(CONFIGURATION).content, "autoconfig.xsd")
    found = [(other.get("type"), other.findtext("serverURL")) for other in others]
    assert found == ([(kind, f"https://{server}/") for kind in ("carddav", "caldav")] if server else [])


@pytest.mark.parametrize("address", ["", "zhangsan@example.edu", "ZhangSan@Example.EDU", "nobody.at.all@example.edu"])
def test_everybody_is_answered_the_same(client: Client, make_user: MakeUser, address: str) -> None:
    make_user("zhangsan")
    response = client.get(CONFIGURATION, {"emailaddress": address} if address else {})
    assert response.content == client.get(WELL_KNOWN).content
    assert "zhangsan" not in response.text


@pytest.mark.parametrize(
    "address", ["zhangsan@elsewhere.example", "zhangsan@sub.example.edu", "zhangsan", "example.edu", "a@notexample.edu"]
)
def test_other_domains_have_no_configuration(client: Client, address: str) -> None:
    assert client.get(CONFIGURATION, {"emailaddress": address}).status_code == 404


def test_each_domain_of_ours_is_answered(client: Client, settings: Settings) -> None:
    settings.MAIL_DOMAINS = ["example.edu", "stu.example.edu"]
    answers = [client.get(CONFIGURATION, {"emailaddress": f"a@{each}"}).content for each in settings.MAIL_DOMAINS]
    assert answers[0] == answers[1]
    provider = parsed(answers[0], "autoconfig.xsd")[0]
    assert [each.text for each in provider.iterfind("domain")] == settings.MAIL_DOMAINS
    asked = client.post(DISCOVERY, question("A@Stu.Example.edu"), content_type="text/xml")
    assert "a@stu.example.edu" in asked.text
    assert client.get(CONFIGURATION, {"emailaddress": "a@other.example.edu"}).status_code == 404
    printed = StringIO()
    call_command("srv_records", stdout=printed)
    first, second = printed.getvalue().split("$ORIGIN stu.example.edu.\n")
    assert first == f"$ORIGIN example.edu.\n{second}"


@pytest.mark.parametrize("path", [CONFIGURATION, WELL_KNOWN])
def test_the_configuration_may_be_kept_by_any_cache(client: Client, path: str) -> None:
    response = client.get(path, headers={"Accept-Language": "en", "Cookie": "session=somebodys"})
    assert response.headers["Cache-Control"] == "public, max-age=3600"
    assert not {"Set-Cookie", "Vary", "Content-Language"} & set(response.headers)
    assert not response.cookies
    assert response.content == client.get(path).content
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert client.post(path).status_code == 405


def test_a_name_with_special_characters_stays_text(client: Client, settings: Settings) -> None:
    settings.INSTITUTION = "A & B <\"'>"
    provider = parsed(client.get(CONFIGURATION).content, "autoconfig.xsd")[0]
    assert provider.findtext("displayName") == "A & B <\"'>"


def test_nothing_is_promised_for_the_institutions_own_site(client: Client, settings: Settings) -> None:
    """HSTS with subdomains from https://example.edu would be a promise for every server that the institution has."""
    settings.SECURE_HSTS_SECONDS = 31536000
    client = Client()
    for path in (CONFIGURATION, WELL_KNOWN, DISCOVERY):
        for host in ("example.edu", "testserver"):
            assert "Strict-Transport-Security" not in client.get(path, secure=True, headers={"Host": host}).headers
    assert "Strict-Transport-Security" in client.get("/health/live", secure=True).headers


@pytest.mark.parametrize("host", ["autoconfig.example.edu", "autodiscover.example.edu:443", "EXAMPLE.edu"])
@pytest.mark.parametrize(
    "path",
    ["/", "/sign-in/", "/admin/", "/health/live", "/static/mailkey.css", "/mail/", "/.well-known/openid-configuration"],
)  # fmt: skip
def test_hosts_for_mail_programs_show_nothing_else(client: Client, host: str, path: str) -> None:
    assert client.get(CONFIGURATION, headers={"Host": host}).status_code == 200
    response = client.get(path, headers={"Host": host})
    assert (response.status_code, response.content) == (404, b"")
    assert "Strict-Transport-Security" not in response.headers


def test_a_host_of_somebody_else_is_refused(client: Client) -> None:
    assert client.get(CONFIGURATION, headers={"Host": "autoconfig.elsewhere.example"}).status_code == 400


# --- Outlook ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [DISCOVERY, "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml", "/AUTODISCOVER/AUTODISCOVER.XML"],
)  # fmt: skip
def test_outlook_learns_the_servers(client: Client, path: str) -> None:
    answer = ask(client, question(), path)
    protocols = answer.findall(f".//{{{OUTLOOK}}}Protocol")
    fields = [{etree.QName(field).localname: field.text for field in protocol} for protocol in protocols]
    assert [protocol["Type"] for protocol in fields] == ["IMAP", "POP3", "SMTP"]
    assert [(protocol["Server"], protocol["Port"]) for protocol in fields] == SERVERS
    for protocol in fields:
        expected = {
            "LoginName": "zhangsan@example.edu", "DomainRequired": "off", "SPA": "off", "SSL": "on",
            "Encryption": "SSL", "AuthRequired": "on",
        }  # fmt: skip
        assert expected.items() <= protocol.items()


def test_outlook_learns_nothing_about_who_exists(client: Client, make_user: MakeUser) -> None:
    make_user("zhangsan")
    made = client.post(DISCOVERY, question("zhangsan@example.edu"), content_type="text/xml")
    other = client.post(DISCOVERY, question("nobodyno@example.edu"), content_type="text/xml")
    assert made.content.replace(b"zhangsan", b"nobodyno") == other.content
    assert not made.cookies
    assert "no-store" in made.headers["Cache-Control"]
    assert not {"Set-Cookie", "Vary", "WWW-Authenticate"} & set(made.headers)


@pytest.mark.parametrize("authorization", ["Basic emhhbmdzYW46c2VjcmV0", "Bearer x", "NTLM TlRMTVNTUAAB", "nonsense"])
def test_a_password_that_comes_along_changes_nothing(client: Client, authorization: str) -> None:
    assert error_of(ask(client, question(), Authorization=authorization)) == "none"


def test_the_login_name_is_the_address_as_mail_servers_take_it(client: Client) -> None:
    answer = ask(client, question("  ZhangSan@EXAMPLE.edu\n"))
    assert {name.text for name in answer.iter(f"{{{OUTLOOK}}}LoginName")} == {"zhangsan@example.edu"}


@pytest.mark.parametrize(
    "address",
    ["zhangsan@elsewhere.example", "zhangsan@sub.example.edu", "zhangsan", "@example.edu", "a@b@example.edu",
     "&lt;b&gt;@example.edu", "x" * 300 + "@example.edu", "zhang san@example.edu"],
)  # fmt: skip
def test_outlook_is_told_of_addresses_that_cannot_be_here(client: Client, address: str) -> None:
    assert error_of(ask(client, question(address))) == "500"


@pytest.mark.parametrize("schema", [MOBILE, "http://example.org/other", OUTLOOK.upper()])
def test_other_answers_than_outlooks_are_not_to_be_had(client: Client, schema: str) -> None:
    assert error_of(ask(client, question(schema=schema))) == "601"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
MALFORMED: dict[str, str | bytes] = {
    "nothing": b"",
    "no XML": "emailaddress=zhangsan@example.edu",
    "cut off": question()[:-10],
    "no address": question(""),
    "no schema": question(schema=""),
    "another document": "<Autodiscover/>",
    "a billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]>' + question("&l9;@example.edu").partition("\n")[2],
    "a file": '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + question("&f;@example.edu").partition("\n")[2],
    "a DTD elsewhere": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">' + question().partition("\n")[2],
    "too long": question() + " " * QUESTION_LIMIT,
    "an encoding that is none": question().replace("utf-8", "klingon"),
    "an encoding of many bytes": question().replace("utf-8", "gb18030"),
    "another encoding than it says": question("Zoë@example.edu").encode("latin-1"),
    "UTF-16 that says UTF-8": question().encode("utf-16-be"),
    "a nul": question("zhang\0san@example.edu"),
    "JSON": '{"Email": "zhangsan@example.edu"}',
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_question_gets_the_protocols_error(client: Client, body: str | bytes) -> None:
    assert error_of(ask(client, body)) == "600"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_a_question_may_come_in_other_encodings(client: Client, encoding: str) -> None:
    body = question().replace("utf-8", encoding.removesuffix("-sig")).encode(encoding)
    assert error_of(ask(client, body)) == "none"


def test_namespaces_do_not_matter(client: Client) -> None:
    """Programs write the request's in many ways."""
    body = question().replace(f' xmlns="{OUTLOOK.replace("responseschema/2006a", "requestschema/2006")}"', "")
    assert "xmlns" not in body
    assert error_of(ask(client, body)) == "none"
    prefixed = re.sub("<(/?)([A-Z])", r"<\1r:\2", body).replace(
        "<r:Autodiscover>", '<r:Autodiscover xmlns:r="urn:any">'
    )
    assert error_of(ask(client, prefixed)) == "none"


def test_a_browser_sees_that_autodiscover_is_there(client: Client) -> None:
    """405, so that Thunderbird asks once more when a redirect has made a GET of its POST."""
    response = client.get(DISCOVERY)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert error_of(parsed(response.content, "autodiscover.xsd")) == "600"
    assert client.head(DISCOVERY).status_code == 405
    assert client.put(DISCOVERY).status_code == 405


def test_the_newer_autodiscover_is_not_there(client: Client) -> None:
    asked = client.get("/autodiscover/autodiscover.json", {"Email": "a@example.edu"}, headers={"Host": "example.edu"})
    assert asked.status_code == 404
