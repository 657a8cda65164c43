"""Django's own words that people read here, as the rest of the site says them. The catalogue takes them from here
and goes before Django's. Nothing runs it."""

from django.utils.translation import gettext_noop, ngettext

gettext_noop("This field is required.")
gettext_noop("This password is too common.")
gettext_noop("This password is entirely numeric.")
gettext_noop("The password is too similar to the %(verbose_name)s.")
gettext_noop("Null characters are not allowed.")
gettext_noop("- Select an option -")  # from Django 6.1 on
ngettext(
    "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
    "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
    1,
)
