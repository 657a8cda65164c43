"""What Apple publishes about configuration profiles, as far as ours could use it; and whether a profile keeps to it.

Source: github.com/apple/device-management, mdm/profiles/: TopLevel.yaml, CommonPayloadKeys.yaml and those of
com.apple.mail.managed, com.apple.caldav.account and com.apple.carddav.account. Devices ignore a key that they do not
know, so a mistyped one would go unnoticed.
"""

import plistlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

UUID = r"[0-9A-Za-z]{8}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{12}"


@dataclass(frozen=True)
class Key:
    type: type
    required: bool = False
    values: tuple[object, ...] = ()  # the only ones, if there are any
    pattern: str = ""


MUST = True
AUTHENTICATION = ("EmailAuthNone", "EmailAuthPassword", "EmailAuthCRAMMD5", "EmailAuthNTLM", "EmailAuthHTTPMD5")

COMMON = {
    "PayloadIdentifier": Key(str, MUST, pattern=r"[^.]+(\.[^.]+)+"),
    "PayloadUUID": Key(str, MUST, pattern=UUID),
    "PayloadType": Key(str, MUST),
    "PayloadVersion": Key(int, MUST, (1,)),
    "PayloadDescription": Key(str),
    "PayloadDisplayName": Key(str),
    "PayloadOrganization": Key(str),
}
TOP_LEVEL = COMMON | {
    "PayloadType": Key(str, MUST, ("Configuration",)),
    "PayloadContent": Key(list, MUST),
    "IsEncrypted": Key(bool),
    "EncryptedPayloadContent": Key(bytes),
    "HasRemovalPasscode": Key(bool),
    "PayloadRemovalDisallowed": Key(bool),
    "PayloadScope": Key(str, values=("System", "User")),
    "RemovalDate": Key(datetime),
    "DurationUntilRemoval": Key(float),
    "PayloadExpirationDate": Key(datetime),
    "TargetDeviceType": Key(int, values=(0, 1, 2, 3, 4, 5)),
    "ConsentText": Key(dict),
}
MAIL = COMMON | {
    "PayloadType": Key(str, MUST, ("com.apple.mail.managed",)),
    "EmailAccountDescription": Key(str),
    "EmailAccountName": Key(str),
    "EmailAccountType": Key(str, MUST, ("EmailTypeIMAP", "EmailTypePOP")),
    "EmailAddress": Key(str),
    "IncomingMailServerAuthentication": Key(str, MUST, AUTHENTICATION),
    "IncomingMailServerHostName": Key(str, MUST),
    "IncomingMailServerPortNumber": Key(int),
    "IncomingMailServerUseSSL": Key(bool),
    "IncomingMailServerUsername": Key(str),
    "IncomingMailServerIMAPPathPrefix": Key(str),
    "IncomingPassword": Key(str),
    "OutgoingPassword": Key(str),
    "OutgoingPasswordSameAsIncomingPassword": Key(bool),
    "OutgoingMailServerAuthentication": Key(str, MUST, AUTHENTICATION),
    "OutgoingMailServerHostName": Key(str, MUST),
    "OutgoingMailServerPortNumber": Key(int),
    "OutgoingMailServerUseSSL": Key(bool),
    "OutgoingMailServerUsername": Key(str),
    "PreventMove": Key(bool),
    "PreventAppSheet": Key(bool),
    "SMIMEEnabled": Key(bool),
    "SMIMESigningEnabled": Key(bool),
    "SMIMESigningCertificateUUID": Key(str, pattern=UUID),
    "SMIMEEncryptionEnabled": Key(bool),
    "SMIMEEncryptionCertificateUUID": Key(str, pattern=UUID),
    "SMIMEEnablePerMessageSwitch": Key(bool),
    "SMIMESigningUserOverrideable": Key(bool),
    "SMIMESigningCertificateUUIDUserOverrideable": Key(bool),
    "SMIMEEncryptByDefault": Key(bool),
    "SMIMEEncryptByDefaultUserOverrideable": Key(bool),
    "SMIMEEncryptionCertificateUUIDUserOverrideable": Key(bool),
    "SMIMEEnableEncryptionPerMessageSwitch": Key(bool),
    "disableMailRecentsSyncing": Key(bool),
    "allowMailDrop": Key(bool),
    "VPNUUID": Key(str),
}


def _dav(kind: str) -> dict[str, Key]:
    return COMMON | {
        "PayloadType": Key(str, MUST, (f"com.apple.{kind.lower()}.account",)),
        f"{kind}AccountDescription": Key(str),
        f"{kind}HostName": Key(str, MUST),
        f"{kind}Username": Key(str),
        f"{kind}Password": Key(str),
        f"{kind}PrincipalURL": Key(str),
        f"{kind}UseSSL": Key(bool),
        f"{kind}Port": Key(int),
    }


ACCOUNTS = {"com.apple.caldav.account": _dav("CalDAV"), "com.apple.carddav.account": _dav("CardDAV")}


def complaints(profile: dict[str, Any]) -> list[str]:
    """What a device would refuse or ignore in a profile that holds mail accounts."""
    found = _compare(profile, TOP_LEVEL)
    payloads = [item for item in profile.get("PayloadContent", []) if isinstance(item, dict)]
    if not payloads or len(payloads) != len(profile["PayloadContent"]):
        found.append("PayloadContent holds something else than accounts, or none")
    for payload in payloads:
        found += _compare(payload, ACCOUNTS.get(str(payload.get("PayloadType")), MAIL))
    for name in ("PayloadIdentifier", "PayloadUUID"):
        values = [part.get(name) for part in (profile, *payloads)]
        if len(set(values)) < len(values):
            found.append(f"{name} is not unique in the profile")
    return found


def _compare(part: dict[str, Any], keys: dict[str, Key]) -> list[str]:
    found = [f"{name} is missing" for name, key in keys.items() if key.required and name not in part]
    for name, value in part.items():
        key = keys.get(name)
        if key is None:
            found.append(f"{name} is no key of Apple's")
        elif type(value) is not key.type:  # a bool is an int in Python, and none in a profile
            found.append(f"{name} is {type(value).__name__}, not {key.type.__name__}")
        elif (key.values and value not in key.values) or (key.pattern and not re.fullmatch(key.pattern, str(value))):
            found.append(f"{name} is {value!r}")
    return found


def read(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """A profile that keeps to all of it, and the mail account in it."""
    profile = plistlib.loads(content, fmt=plistlib.FMT_XML)
    assert not complaints(profile), complaints(profile)
    account, *others = profile["PayloadContent"]
    assert {other["PayloadType"] for other in others} in (set(), ACCOUNTS.keys())
    return profile, account
