"""A form that came back with a mistake: the caret is where something has to be entered again, and the page's title
says first that there is one. Both without a script; docs/decisions/0048-after-a-mistake.md."""

from django import forms, template
from django.utils.translation import pgettext

register = template.Library()


class Mended(forms.BoundField):
    """A field of a form that says where its caret is (accounts/lib/seen.py)."""

    def build_widget_attrs(
        self, attrs: dict[str, str | bool], widget: forms.Widget | None = None
    ) -> dict[str, str | bool]:
        attrs = super().build_widget_attrs(attrs, widget)
        if not getattr(self.form, "takes_focus", True):
            attrs["autofocus"] = False
        elif self.form.is_bound and (first := first_to_mend(self.form)):
            attrs["autofocus"] = self.name == first
        return attrs


def first_to_mend(form: forms.BaseForm) -> str | None:
    """What is wrong, or has to be entered again with it: passwords never come back."""
    for name, field in form.fields.items() if form.errors else ():
        is_emptied = isinstance(field.widget, forms.PasswordInput) and not field.widget.render_value
        if not field.widget.is_hidden and (name in form.errors or is_emptied):
            return name
    return None


@register.simple_tag(takes_context=True)
def error_prefix(context: template.Context) -> str:
    """What begins the title of a page with a mistake on it: a form's, or of a step that is made of forms."""
    # By its class: what is lazy stays unasked.
    mended = [shown for shown in context.flatten().values() if hasattr(type(shown), "has_errors")]
    has_errors = any(getattr(shown, "has_errors", False) for shown in mended)
    return pgettext("begins a page's title", "Error: ") if has_errors else ""
