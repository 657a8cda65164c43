"""On which device somebody reads: to show first what is probably wanted. A browser says of itself what it likes."""

import re
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

READ_OF_A_NAME = 500  # characters


class Device(StrEnum):
    """In the order of the list."""

    HUAWEI = "huawei"
    IPHONE = "iphone"
    ANDROID = "android"
    WINDOWS = "windows"
    MAC = "mac"
    OTHER = "other"

    @property
    def label(self) -> Promise:
        return LABELS[self]

    @property
    def here(self) -> Promise | None:
        """What is said to who reads on it."""
        return HERE.get(self)

    @property
    def is_phone(self) -> bool:
        return self in (Device.HUAWEI, Device.IPHONE, Device.ANDROID)


LABELS = {
    Device.HUAWEI: _("Huawei phone"),
    Device.IPHONE: _("iPhone and iPad"),
    Device.ANDROID: _("Other Android phone"),
    Device.WINDOWS: _("Windows computer"),
    Device.MAC: _("Mac"),
    Device.OTHER: _("Everything else"),
}
HERE = {
    Device.HUAWEI: _("You are using a Huawei phone"),
    Device.IPHONE: _("You are using an iPhone or iPad"),
    Device.ANDROID: _("You are using an Android phone"),
    Device.WINDOWS: _("You are using a Windows computer"),
    Device.MAC: _("You are using a Mac"),
}
# The first that fits. Huawei makes computers, too; its phones mostly call themselves Android as well.
SIGNS = {
    Device.WINDOWS: re.compile("Windows NT"),
    Device.HUAWEI: re.compile(r"HUAWEI|HarmonyOS|HMSCore|(?:Phone|Tablet); OpenHarmony", re.IGNORECASE),
    Device.IPHONE: re.compile("iPhone|iPad|iPod"),
    Device.ANDROID: re.compile("Android"),
    Device.MAC: re.compile("Macintosh"),
}
# What the one calls itself may be the other: Safari on an iPad says Macintosh, Chrome on a Huawei phone only Android.
MAY_BE = {Device.MAC: Device.IPHONE, Device.ANDROID: Device.HUAWEI}


def of(user_agent: str) -> Device | None:
    """None where nothing is known, on a Linux computer for one."""
    name = user_agent[:READ_OF_A_NAME]
    return next((device for device, sign in SIGNS.items() if sign.search(name)), None)


def ordered(here: Device | None) -> list[Device]:
    """All of them, the reader's first."""
    first = [device for device in (here, MAY_BE.get(here) if here else None) if device]
    return [*first, *(device for device in Device if device not in first)]
