"""By which names a session keeps what it holds."""

from accounts.delivery.models import Sms

HALFWAY = "halfway"
STARTED_AT = "started_at"
CODE_AT = "code_at"
WAYS = "ways"  # as they were when the second step was taken: `User.ways_version`
BROWSER = "browser"
CODE_SESSION = "code_session"
AUTHORIZED = "authorized"
PROGRAM = "program"  # this sign-in has let a mail program in, and lets no other one in
SIGN_IN = "sign_in"
TEMPORARY = "temporary"  # 临时登录: on a computer that others use
WANTED = "wanted"
HELP_CODE = "help_code"
AGAIN = "again"
EVENT = "event"
ENDED = "ended"  # why the last sign-in here did, an `expiry.Over`; and whose it was
OFFICE_CLOSED = "office_closed"  # until a second step is taken again
TYPED = "typed"  # into a form that came too late, and by whom
ARRIVAL = "arrival"
SOURCE = "source"  # which has proven both steps
NUMBER = "number_{purpose}"  # the one that somebody typed, to be proven
AGREEMENT = "agreement"  # to what somebody agreed before it was sent anywhere

# Steps that a sign-in goes on with when the password is entered once more.
CARRIED = (HELP_CODE, NUMBER.format(purpose=Sms.Purpose.BIND), AGREEMENT)
# What the next sign-in in the same session begins without.
OF_ONE_SIGN_IN = (HALFWAY, CODE_SESSION, BROWSER, HELP_CODE, WANTED, AGAIN, SOURCE, PROGRAM)
