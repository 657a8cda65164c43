"""What a gateway's error means, in words for the IT office."""

from django.utils.translation import gettext_lazy as _

BAD_NUMBER = _("The number does not exist or is not a mobile number.")
BLOCKED = _("The owner has blocked our SMS, or replied that no more are wanted.")
OFF = _("The phone is switched off or out of reach.")
FILTERED = _("The carrier filtered the SMS: its template or signature may not be registered.")
BUSY = _("The gateway was busy; the SMS was tried again later.")
ACCOUNT = _("Our account at the gateway: balance, rights or sender. See the worker’s log.")
AWAY = _("The gateway could not be reached.")
NO_ANSWER = _("The gateway took the SMS and gave no answer: perhaps it was sent.")
WORKER = _("Our worker stopped while it was sending: perhaps the SMS was sent.")
CARRIER = _("The carrier did not deliver it and does not say why.")
LIMIT = _("The provider’s limit for one number or one day was reached; it lifts with time.")
BALANCE = _("No SMS are left at the provider, or the account is in arrears: pay.")
ORIGIN = _("The provider does not let this machine’s address in: see its list of addresses.")
SIGNATURE = _("The signature is not approved, or not filed with the carriers (manage.py checksms).")
TEMPLATE = _("The template is not approved, or it wants other values (manage.py checksms).")
CERTIFICATE = _("The gateway’s certificate is not to be trusted: has it expired, is its authority known?")
SHAPE = _("The platform’s answer is not what its file says. See manage.py checksms --dry.")
MOVED = _("There is nothing at the platform’s address, or it has moved. Look at its file.")

MEANINGS = {
    "twilio 21211": BAD_NUMBER, "twilio 21214": BAD_NUMBER, "twilio 21217": BAD_NUMBER, "twilio 21265": BAD_NUMBER,
    "twilio 21614": BAD_NUMBER, "twilio 21635": BAD_NUMBER, "twilio 60205": BAD_NUMBER, "twilio 30005": BAD_NUMBER,
    "twilio 30006": BAD_NUMBER, "twilio 21610": BLOCKED, "twilio 30004": BLOCKED, "twilio 30003": OFF,
    "twilio 30007": FILTERED, "twilio 30008": CARRIER, "twilio 429": BUSY, "twilio 20429": BUSY,
    "twilio 14107": BUSY, "twilio 21611": BUSY, "twilio 63038": BUSY, "twilio 30001": BUSY,
    "twilio 20003": ACCOUNT, "twilio 21408": ACCOUNT, "twilio 21606": ACCOUNT, "twilio 30002": ACCOUNT,
    "ConnectTimeout": AWAY, "ConnectionRefused": AWAY, "ReadTimeout": NO_ANSWER, "no message id": NO_ANSWER,
    "ProxyError": AWAY, "CertificateVerifyFailed": CERTIFICATE, "worker lost": WORKER,
    "alibaba isv.MOBILE_NUMBER_ILLEGAL": BAD_NUMBER, "alibaba isv.BUSINESS_LIMIT_CONTROL": LIMIT,
    "alibaba isv.DAY_LIMIT_CONTROL": LIMIT, "alibaba isv.MONTH_LIMIT_CONTROL": LIMIT,
    "alibaba MOBILE_NOT_ON_SERVICE": BAD_NUMBER, "alibaba MK:0001": BAD_NUMBER, "alibaba MOBILE_IN_BLACK": BLOCKED,
    "alibaba BLACK_KEY_CONTROL_LIMIT": FILTERED, "alibaba SP_UNKNOWN_ERROR": CARRIER, "tencent REJECTED": CARRIER,
    "alibaba isv.OUT_OF_SERVICE": BALANCE, "alibaba isv.DENY_IP_RANGE": ORIGIN,
    "alibaba isv.SMS_SIGNATURE_SCENE_ILLEGAL": SIGNATURE, "alibaba isv.SIGN_STATE_ILLEGAL": SIGNATURE,
    "alibaba isv.SMS_SIGN_ILLEGAL": SIGNATURE, "alibaba isv.SMS_TEMPLATE_ILLEGAL": TEMPLATE,
    "tencent InvalidParameterValue.IncorrectPhoneNumber": BAD_NUMBER,
    "tencent FailedOperation.PhoneNumberParseFail": BAD_NUMBER,
    "tencent FailedOperation.PhoneNumberInBlacklist": BLOCKED,
    "tencent FailedOperation.SignatureIncorrectOrUnapproved": SIGNATURE,
    "tencent FailedOperation.TemplateIncorrectOrUnapproved": TEMPLATE,
    "tencent FailedOperation.TemplateUnapprovedOrNotExist": TEMPLATE,
    "tencent FailedOperation.TemplateParamSetNotMatchApprovedTemplate": TEMPLATE,
    "tencent UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": TEMPLATE,
    "tencent UnsupportedOperation.GlobalTemplateToChineseMainlandPhone": TEMPLATE,
    "tencent FailedOperation.QualificationIdNotApproved": SIGNATURE,
    "tencent FailedOperation.ContainSensitiveWord": FILTERED,
    "tencent FailedOperation.InsufficientBalanceInSmsPackage": BALANCE,
    "tencent UnauthorizedOperation.ServiceSuspendDueToArrears": BALANCE,
    "tencent UnauthorizedOperation.RequestIpNotInWhitelist": ORIGIN,
}  # fmt: skip
# Of whole families, where nothing is said of the one.
BEGINNINGS = (
    ("twilio 5", NO_ANSWER), ("no template", TEMPLATE), ("alibaba Throttling", BUSY),
    ("alibaba no ", NO_ANSWER), ("tencent no ", NO_ANSWER), ("alibaba Signature", ACCOUNT),
    ("alibaba Invalid", ACCOUNT), ("alibaba is", ACCOUNT),
    ("tencent LimitExceeded", LIMIT), ("tencent RequestLimit", BUSY),
    ("tencent InternalError", NO_ANSWER), ("tencent AuthFailure", ACCOUNT), ("tencent Unauthorized", ACCOUNT),
)  # fmt: skip

# Of platforms that a file describes.
ENDS = (
    (" no token", ACCOUNT), (" http 401", ACCOUNT), (" http 403", ACCOUNT), (" no answer", SHAPE), (" http 200", SHAPE),
    (" http 301", MOVED), (" http 302", MOVED), (" http 307", MOVED), (" http 404", MOVED), (" http 429", BUSY),
    (" http 503", BUSY), (" http 500", NO_ANSWER), (" http 502", NO_ANSWER), (" http 504", NO_ANSWER),
)  # fmt: skip


def of(error: str) -> str:
    """Empty where nothing is known of it."""
    if error in MEANINGS:
        return str(MEANINGS[error])
    found = [words for beginning, words in BEGINNINGS if error.startswith(beginning)]
    found += [words for end, words in ENDS if error.endswith(end)]
    return str(found[0]) if found else ""
