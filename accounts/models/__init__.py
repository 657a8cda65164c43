from accounts.models.bans import Ban, Failure, Network
from accounts.models.browsers import TrustedBrowser
from accounts.models.deliveries import Delivery, Mail, Sms, SmsDay
from accounts.models.events import LogEnd, SecurityEvent
from accounts.models.figures import DayFigure
from accounts.models.helpcodes import HelpCode
from accounts.models.logins import MailLogin
from accounts.models.networks import KnownNetwork
from accounts.models.openid import AccessToken, Application, Authorization, Grant, IDToken, RefreshToken
from accounts.models.phones import Phone
from accounts.models.roles import Role
from accounts.models.rollouts import Exemption, Reminder, ReminderMail, Rollout, RolloutMember
from accounts.models.rosters import Roster
from accounts.models.users import User

__all__ = [
    "AccessToken",
    "Application",
    "Authorization",
    "Ban",
    "DayFigure",
    "Delivery",
    "Exemption",
    "Failure",
    "Grant",
    "HelpCode",
    "IDToken",
    "KnownNetwork",
    "LogEnd",
    "Mail",
    "MailLogin",
    "Network",
    "Phone",
    "RefreshToken",
    "Reminder",
    "ReminderMail",
    "Role",
    "Rollout",
    "RolloutMember",
    "Roster",
    "SecurityEvent",
    "Sms",
    "SmsDay",
    "TrustedBrowser",
    "User",
]
