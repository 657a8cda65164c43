from accounts.models.bans import Ban, Failure, Network
from accounts.models.browsers import TrustedBrowser
from accounts.models.deliveries import Delivery, Mail, Sms, SmsDay
from accounts.models.events import LogEnd, SecurityEvent
from accounts.models.logins import MailLogin
from accounts.models.phones import Phone
from accounts.models.users import User

__all__ = [
    "Ban",
    "Delivery",
    "Failure",
    "LogEnd",
    "Mail",
    "MailLogin",
    "Network",
    "Phone",
    "SecurityEvent",
    "Sms",
    "SmsDay",
    "TrustedBrowser",
    "User",
]
