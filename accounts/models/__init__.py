from accounts.models.bans import Ban, Failure, Network
from accounts.models.browsers import TrustedBrowser
from accounts.models.deliveries import Delivery, Mail, Sms, SmsDay
from accounts.models.events import SecurityEvent
from accounts.models.logins import MailLogin
from accounts.models.networks import KnownNetwork
from accounts.models.phones import Phone
from accounts.models.roles import Role
from accounts.models.users import User

__all__ = [
    "Ban",
    "Delivery",
    "Failure",
    "KnownNetwork",
    "Mail",
    "MailLogin",
    "Network",
    "Phone",
    "Role",
    "SecurityEvent",
    "Sms",
    "SmsDay",
    "TrustedBrowser",
    "User",
]
