"""How a send can fail. The type says what may be done about it; `code` says why, without the number or the text."""

from datetime import timedelta


class SmsError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code[:100]


class Rejected(SmsError):
    """Refused for good."""

    is_ours = False


class RecipientRejected(Rejected):
    """This number will not get it: it is wrong, or its owner wants no SMS."""


class ConfigurationRejected(Rejected):
    """Our account, our rights, our templates: somebody of the IT office must act."""

    is_ours = True


class NotSent(SmsError):
    """Certainly not sent; it may be tried again, after `retry_after` if the gateway said so."""

    def __init__(self, code: str, retry_after: timedelta | None = None) -> None:
        super().__init__(code)
        self.retry_after = retry_after


class OutcomeUnknown(SmsError):
    """Perhaps sent. Trying again could send it twice, so nobody does but the person."""
