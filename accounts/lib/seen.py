"""Forms, and what reaches them of a text."""

from typing import Any

from django import forms

from accounts.lib import invisible
from accounts.lib.mending import Mended


class Seen(forms.BaseForm):
    """A form to which nothing reaches but what its person could see; passwords are as they were typed.
    Every form of the site is one: tests/house/test_seen.py."""

    bound_field_class = Mended
    takes_focus = True  # False: something else on the page is what to do next

    @property
    def has_errors(self) -> bool:
        return bool(self.errors)

    def _widget_data_value(self, widget: forms.Widget, html_name: str) -> Any:
        value = super()._widget_data_value(widget, html_name)  # type: ignore[misc]  # Django's, not in its types
        if isinstance(widget, forms.PasswordInput):
            return value
        if isinstance(value, list):
            return [invisible.dropped(item) if isinstance(item, str) else item for item in value]
        return invisible.dropped(value) if isinstance(value, str) else value
