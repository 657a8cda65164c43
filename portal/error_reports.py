import logging
import time
from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest
from django.utils.log import AdminEmailHandler
from django.views.debug import SafeExceptionReporterFilter


class SilentFilter(SafeExceptionReporterFilter):
    """Error reports name the place and kind of an error, and nothing that a person typed or a variable holds."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.POST, self.cleansed_substitute) if request is not None else {}

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        return dict.fromkeys(request.COOKIES, self.cleansed_substitute) if request is not None else {}

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: Any) -> ItemsView[str, Any]:
        return dict.fromkeys(tb_frame.f_locals, self.cleansed_substitute).items()


class OneMailAPlace(AdminEmailHandler):
    """What fails for one person fails for thousands, and each waits while a mail is sent: of the same place in the code
    there is one mail in a while. The others are in the log."""

    AGAIN_AFTER = 600  # seconds

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mailed_at: dict[tuple[str, int], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        place, now = (record.pathname, record.lineno), time.monotonic()
        if now - self._mailed_at.get(place, -self.AGAIN_AFTER) < self.AGAIN_AFTER:
            return
        self._mailed_at[place] = now
        try:
            super().emit(record)
        except Exception:  # as logging's own handlers: what was being done goes on
            self.handleError(record)
