"""Forms, and what reaches them of a text."""

from typing import Any

from django import forms

from accounts.lib import invisible


class Seen(forms.BaseForm):
    """A form to which nothing reaches but what its person could see; passwords are as they were typed.
    Every form of the site is one: tests/house/test_typed.py."""

    def _widget_data_value(self, widget: forms.Widget, html_name: str) -> Any:
        value = super()._widget_data_value(widget, html_name)  # type: ignore[misc]  # Django's, not in its types
        if isinstance(widget, forms.PasswordInput):
            return value
        if isinstance(value, list):
            return [invisible.dropped(item) if isinstance(item, str) else item for item in value]
        return invisible.dropped(value) if isinstance(value, str) else value
