"""What a gateway's error means, in words for the IT office."""

from django.utils.translation import gettext_lazy as _

BAD_NUMBER = _("The number does not exist or is not a mobile number.")
BLOCKED = _("The owner has blocked our SMS, or replied that no more are wanted.")
OFF = _("The phone is switched off or out of reach.")
FILTERED = _("The carrier filtered the SMS: its template or signature may not be registered.")
BUSY = _("The gateway was busy; the SMS was tried again later.")
ACCOUNT = _("Our account at the gateway: balance, rights or sender. See the worker's log.")
AWAY = _("The gateway could not be reached.")
NO_ANSWER = _("The gateway took the SMS and gave no answer: perhaps it was sent.")
WORKER = _("Our worker stopped while it was sending: perhaps the SMS was sent.")
CARRIER = _("The carrier did not deliver it and does not say why.")

MEANINGS = {
    "twilio 21211": BAD_NUMBER, "twilio 21214": BAD_NUMBER, "twilio 21217": BAD_NUMBER, "twilio 21265": BAD_NUMBER,
    "twilio 21614": BAD_NUMBER, "twilio 21635": BAD_NUMBER, "twilio 60205": BAD_NUMBER, "twilio 30005": BAD_NUMBER,
    "twilio 30006": BAD_NUMBER, "twilio 21610": BLOCKED, "twilio 30004": BLOCKED, "twilio 30003": OFF,
    "twilio 30007": FILTERED, "twilio 30008": CARRIER, "twilio 429": BUSY, "twilio 20429": BUSY,
    "twilio 14107": BUSY, "twilio 21611": BUSY, "twilio 63038": BUSY, "twilio 30001": BUSY,
    "twilio 20003": ACCOUNT, "twilio 21408": ACCOUNT, "twilio 21606": ACCOUNT, "twilio 30002": ACCOUNT,
    "ConnectTimeout": AWAY, "ConnectionRefused": AWAY, "ReadTimeout": NO_ANSWER, "no message id": NO_ANSWER,
    "worker lost": WORKER,
}  # fmt: skip


def of(error: str) -> str:
    """Empty where nothing is known of it."""
    if error.startswith("twilio 5"):  # the gateway's own error, by its HTTP status
        return str(NO_ANSWER)
    return str(MEANINGS.get(error, ""))
