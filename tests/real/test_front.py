"""The files in deploy/nginx, in front of a portal with production settings: what leads to whom."""

import pytest

from tests.kit.servers.front import PORTAL, Front

pytestmark = pytest.mark.slow

CONFIGURATION = "https://autoconfig.example.edu/mail/config-v1.1.xml"
WELL_KNOWN = "https://example.edu/.well-known/autoconfig/mail/config-v1.1.xml"
DISCOVERY = "/autodiscover/autodiscover.xml"
QUESTION = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>'
    "<EMailAddress>zhangsan@example.edu</EMailAddress><AcceptableResponseSchema>"
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
    "</AcceptableResponseSchema></Request></Autodiscover>"
)
POST = ("--header", "Content-Type: text/xml", "--data-binary", "@-")


def status(answer: str) -> int:
    return int(answer.split()[1])


def lines(answer: str) -> dict[str, str]:
    head, _, _ = answer.partition("\n\n")
    pairs = (line.partition(": ")[::2] for line in head.splitlines()[1:])
    return {name.lower(): value for name, value in pairs}


@pytest.mark.parametrize("url", [CONFIGURATION, WELL_KNOWN])
def test_both_places_have_the_configuration(front: Front, url: str) -> None:
    answer = front.curl(f"{url}?emailaddress=zhangsan@example.edu")
    assert status(answer) == 200
    assert "<hostname>imap.example.edu</hostname>" in answer
    assert '<documentation url="https://security.mail.example.edu/guides/">' in answer
    assert lines(answer)["content-type"] == "text/xml; charset=utf-8"
    assert not {"set-cookie", "strict-transport-security", "vary"} & set(lines(answer))
    assert status(front.curl(f"{url}?emailaddress=zhangsan@elsewhere.example")) == 404


@pytest.mark.parametrize("host", ["autodiscover.example.edu", "example.edu", "autoconfig.example.edu", PORTAL])
@pytest.mark.parametrize("path", [DISCOVERY, "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml"])
def test_outlook_is_answered_wherever_it_asks(front: Front, host: str, path: str) -> None:
    answer = front.curl(f"https://{host}{path}", *POST, "--user", "zhangsan@example.edu:a-password", stdin=QUESTION)
    assert status(answer) == 200
    assert "<LoginName>zhangsan@example.edu</LoginName>" in answer
    assert not {"set-cookie", "strict-transport-security", "www-authenticate"} & set(lines(answer))


def test_http_leads_to_https_and_says_nothing(front: Front) -> None:
    for host in ("autoconfig.example.edu", "autodiscover.example.edu"):
        answer = front.curl(f"http://{host}{DISCOVERY}")
        assert status(answer) == 302
        assert lines(answer)["location"] == f"https://{host}{DISCOVERY}"
        assert "imap" not in answer
    assert lines(front.curl("http://security.mail.example.edu/a"))["location"] == "https://security.mail.example.edu/a"


@pytest.mark.parametrize(
    "path",
    ["/", "/sign-in/", "/admin/", "/health/live", "/static/mailkey.css", "/mail/config-v1.1.xml/",
     "/autodiscover/autodiscover.json", "/mail/../sign-in/", "/%2e%2e/admin/"],
)  # fmt: skip
@pytest.mark.parametrize("host", ["autoconfig.example.edu", "autodiscover.example.edu"])
def test_hosts_for_mail_programs_have_no_portal(front: Front, host: str, path: str) -> None:
    answer = front.curl(f"https://{host}{path}", "--path-as-is")
    assert status(answer) in (400, 404)
    assert "set-cookie" not in lines(answer)


def test_the_institutions_own_site_stays_its_own(front: Front) -> None:
    for path in ("/", "/sign-in/", "/mail/config-v1.1.xml"):
        assert lines(front.curl(f"https://example.edu{path}"))["location"] == f"https://www.example.edu{path}"


def test_the_portal_itself_asks_to_sign_in(front: Front) -> None:
    answer = front.curl(f"https://{PORTAL}/")
    assert status(answer) == 302
    assert lines(answer)["location"].startswith("/sign-in/")
    assert lines(answer)["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_what_is_too_long_goes_no_further(front: Front) -> None:
    assert status(front.curl(f"https://autodiscover.example.edu{DISCOVERY}", *POST, stdin=" " * 20_000)) == 413
    malformed = front.curl(f"https://autodiscover.example.edu{DISCOVERY}", *POST, stdin=QUESTION + " " * 10_000)
    assert "<ErrorCode>600</ErrorCode>" in malformed
    chunked = front.curl(
        f"https://autodiscover.example.edu{DISCOVERY}", *POST, "--header", "Transfer-Encoding: chunked", stdin=QUESTION
    )
    assert "<LoginName>zhangsan@example.edu</LoginName>" in chunked


def test_no_log_keeps_who_asked_for_which_address(front: Front) -> None:
    front.curl(f"{CONFIGURATION}?emailaddress=secretary@example.edu")
    body = QUESTION.replace("zhangsan", "secretary")
    front.curl(f"https://autodiscover.example.edu{DISCOVERY}", *POST, "--user", "x:a-password-sent-unasked", stdin=body)
    assert "GET /mail/config-v1.1.xml" in front.logs()
    assert "secretary" not in front.logs()
    assert "a-password" not in front.logs()


def test_a_token_of_a_qr_code_is_in_no_log(front: Front) -> None:
    token = "canary-51c0de-" + "x" * 29
    answer = front.curl(f"https://{PORTAL}/profile/{token}/")
    assert status(answer) == 302
    assert lines(answer)["location"] == "/profile/"
    assert "secure" in lines(answer)["set-cookie"].lower()
    front.curl(f"https://{PORTAL}/sign-in")
    assert "GET /sign-in" in front.logs()
    assert "canary" not in front.logs()


@pytest.mark.parametrize(
    ("page", "passes"),
    [("admin/imports/roster/add/", True), ("admin/rollouts/rollout/1/choose/", True), ("admin/bans/ban/", False)],
)
def test_files_of_people_and_long_lists_pass_and_nothing_else_that_is_large(
    front: Front, page: str, passes: bool
) -> None:
    answer = front.curl(f"https://{PORTAL}/{page}", *POST, stdin="a" * 300_000)
    assert (status(answer) != 413) is passes


def test_nginx_says_little_and_names_the_request(front: Front) -> None:
    answer = front.curl(f"https://{PORTAL}/")
    assert lines(answer)["server"] == "nginx"
    assert lines(answer)["x-request-id"] in front.logs()
    assert lines(front.curl(f"http://{PORTAL}/"))["server"] == "nginx"


@pytest.mark.parametrize("cipher", ["AES128-SHA", "ECDHE-RSA-AES128-SHA"])
def test_what_is_old_is_not_spoken(front: Front, cipher: str) -> None:
    with pytest.raises(AssertionError, match="handshake"):
        front.curl(f"https://{PORTAL}/", "--tls-max", "1.2", "--ciphers", cipher)


def test_a_portal_that_is_away_is_a_fault_of_ours(front: Front) -> None:
    with front.without_portal():
        answer = front.curl(f"https://{PORTAL}/sign-in/")
        assert status(answer) == 503
        assert "故障在我们这边" in answer
        assert "The fault is on our side" in answer
    assert status(front.curl(f"https://{PORTAL}/")) == 302
