"""The token of a QR code and the password in a profile: nowhere at a portal as it really runs, errors included."""

import html
import re
from urllib.parse import unquote

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from tests.kit import apple
from tests.kit.people import IPHONE
from tests.kit.servers.site import Site
from tests.kit.waiting import wait_until
from tests.real.test_secrets import assert_absent, broken, everything_stored, office_is_told

pytestmark = [pytest.mark.slow, pytest.mark.bypass("row 42: secrets in logs, queues, databases, error mails")]


def token_in(page: str) -> str:
    """Read from the picture, square by square, as it stands in the page."""
    found = re.search(r'class="qr" src="data:image/svg\+xml;charset=utf-8,([^"]+)"', page)
    assert found, page
    picture = unquote(html.unescape(found.group(1)))
    size = re.search(r"viewBox='0 0 (\d+) \d+'", picture)
    strokes = re.search(r"class='qrline'[^>]* d='([^']+)'", picture)
    assert size
    assert strokes
    scale = 8
    image = Image.new("L", (int(size[1]) * scale, int(size[1]) * scale), 255)
    draw, x, y = ImageDraw.Draw(image), 0.0, 0.0
    for command, numbers in re.findall(r"([MmhH])([^MmhH]+)", strokes[1]):
        values = [float(number) for number in re.findall(r"-?[\d.]+", numbers)]
        if command == "h":
            draw.rectangle((x * scale, (y - 0.5) * scale, (x + values[0]) * scale - 1, (y + 0.5) * scale - 1), fill=0)
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    (code,) = zxingcpp.read_barcodes(image)
    token = re.search(r"/profile/([\w-]{43})/$", str(code.text))
    assert token, code.text
    return token[1]


def test_a_qr_code_leaves_no_secret() -> None:
    with Site(LOG_LEVEL="DEBUG", ADMINS="office@example.edu") as site, site.visitor() as owner, site.visitor() as phone:
        site.start_web()
        worker = site.start_worker()
        owner.enter_password()
        owner.enter_code()
        page = owner.submit("/app-passwords/profile/", name="iPhone", qr="1")
        token = token_in(page.text)

        phone.headers["User-Agent"] = IPHONE
        path = f"/profile/{token}/"
        phone.enter_password()
        phone.enter_code()  # so that the session is looked for in the database
        with broken(site, "django_session"):
            assert phone.open(path).status_code == 500
        assert phone.submit(path).status_code == 405
        assert phone.post(site.url + path, timeout=30).status_code in (403, 405)
        assert phone.open(path).headers["Location"] == "/profile/"
        with broken(site, "apppasswords_apppassword"):
            assert phone.submit("/profile/").status_code == 500
        _, account = apple.read(phone.submit("/profile/").content)
        assert phone.submit("/profile/").status_code == 404
        wait_until(lambda: office_is_told(site), 60)
        worker.stop()

        mails = [path.read_bytes() for path in (site.var / "mail").iterdir()]
        places = {
            "the logs": site.logs().encode(),
            "the error mails": b"".join(mail for mail in mails if b"To: office@" in mail),
            "the mails": b"".join(mails),
            "the queue": b"\n".join(path.read_bytes() for path in site.var.glob("queue*/*")),
            "the database": b"".join(path.read_bytes() for path in site.var.glob("mailkey.sqlite3*")),
            "what the database holds": "\n".join(map(str, everything_stored(site))).encode(),
        }
        assert b"Internal Server Error: /profile/-/" in places["the logs"]
        assert b"OperationalError" in places["the error mails"]
        for name, place in places.items():
            assert_absent(token, place, name)
            assert_absent(account["IncomingPassword"], place, name)
