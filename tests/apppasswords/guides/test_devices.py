"""Which guide is shown first: that of the device in one's hand, or of the program that somebody has named."""

import re

import pytest

from apppasswords.guides import devices, programs
from apppasswords.guides.devices import Device
from tests.kit.people import IPHONE, WINDOWS, Person

pytestmark = pytest.mark.django_db

HUAWEI = (
    "Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00; HMSCore 6.13) AppleWebKit/537.36 HuaweiBrowser/15.0 Mobile"
)
NEXT = "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 Chrome/114.0 Safari/537.36 ArkWeb/4.1 Mobile"
XIAOMI = "Mozilla/5.0 (Linux; Android 15; 24129PN74C) AppleWebKit/537.36 Chrome/138.0 Mobile Safari/537.36"
WECHAT = "Mozilla/5.0 (Linux; Android 10; ELS-AN00 Build/HUAWEIELS-AN00; wv) AppleWebKit/537.36 MicroMessenger/8.0"
MATEBOOK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/114.0 HuaweiBrowser/5.0"
IPAD = "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("agent", "first", "said"),
    [
        (HUAWEI, "huawei", "您正在使用华为手机"),
        (NEXT, "huawei", "您正在使用华为手机"),
        (WECHAT, "huawei", "您正在使用华为手机"),
        (XIAOMI, "android", "您正在使用安卓手机"),
        (IPHONE, "iphone", "您正在使用 iPhone 或 iPad"),
        (IPAD, "iphone", "您正在使用 iPhone 或 iPad"),
        (WINDOWS, "foxmail", "您正在使用 Windows 电脑"),
        (MATEBOOK, "foxmail", "您正在使用 Windows 电脑"),
        (MAC, "mac", "您正在使用 Mac"),
        (LINUX, "huawei", ""),
        ("", "huawei", ""),
        ("\x00<script>" * 1000, "huawei", ""),
    ],
)
def test_the_guide_of_the_device_in_ones_hand_comes_first(agent: str, first: str, said: str) -> None:
    response = Person(HTTP_USER_AGENT=agent).get("/guides/")
    page = response.content.decode()
    assert re.findall(r'href="/guides/(\w+)/"', page)[0] == first
    assert page.count("您正在使用") == bool(said)
    assert said in page
    assert "User-Agent" in response.headers["Vary"]


def test_a_browser_may_call_itself_by_another_name() -> None:
    """Safari on an iPad says Macintosh, Chrome on a Huawei phone only Android: what it may be comes next."""
    assert devices.ordered(Device.MAC)[:2] == [Device.MAC, Device.IPHONE]
    assert devices.ordered(Device.ANDROID)[:2] == [Device.ANDROID, Device.HUAWEI]
    assert all(sorted(devices.ordered(here)) == sorted(Device) for here in (None, *Device))


def test_the_device_is_chosen_first() -> None:
    page = re.sub(r"\s+", " ", Person().get("/guides/").content.decode())
    assert page.index("您要设置哪台设备？") < page.index('href="/guides/')
    for device in Device:
        assert f'href="#{device}"' in page
        assert f'id="{device}"' in page
        assert programs.on(device)


@pytest.mark.parametrize(
    ("name", "here", "wanted"),
    [
        ("办公室 Foxmail", None, "foxmail"),
        ("FOXMAIL@华为笔记本", Device.MAC, "foxmail"),
        ("iPhone15ProMax", Device.WINDOWS, "iphone"),
        ("华为手机", Device.WINDOWS, "huawei"),
        ("小米", None, "android"),
        ("MacBook", None, "mac"),
        ("Emacs", None, None),
        ("家里", Device.WINDOWS, "foxmail"),
        ("家里", Device.MAC, "mac"),
        ("家里", Device.ANDROID, "android"),
        ("家里", None, None),
    ],
)
def test_which_guide_fits_an_app_password(name: str, here: Device | None, wanted: str | None) -> None:
    found = programs.likely(name, here)
    assert (found.slug if found else None) == wanted
