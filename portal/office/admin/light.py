from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin import helpers
from django.contrib.admin.views.main import ChangeList, ChangeListSearchForm
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.lib.seen import Seen

# Scripts for addresses that are made from titles (slugs), half of what a list would load. Nothing here has one.
UNUSED = ("urlify.js", "prepopulate.js", "xregexp")


MOST_WORDS = 8
LONGEST_SEARCH = 200


class RowForm(Seen, forms.ModelForm[Any]):
    """Of a model whose page has no form of its own."""


class ActForm(Seen, helpers.ActionForm):
    """Which act is meant, of those below a list."""


class SearchForm(Seen, ChangeListSearchForm):
    """What is searched in a list. Each word asks every row again: a page that was pasted would keep a process busy."""

    def clean_q(self) -> str:  # the field is named by what Django's pages send
        asked = str(self.cleaned_data["q"])
        if len(asked) > LONGEST_SEARCH or len(asked.split()) > MOST_WORDS:
            limits = {"words": MOST_WORDS, "characters": LONGEST_SEARCH}
            raise forms.ValidationError(
                _("Nothing was searched: at most %(words)s words and %(characters)s characters.") % limits
            )
        return asked


class List(ChangeList):
    search_form_class = SearchForm

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = capfirst(str(self.opts.verbose_name_plural))  # Django: "Select user to change"


class LightAdmin(admin.ModelAdmin[Any]):
    form: type[forms.ModelForm[Any]] = RowForm
    action_form: ClassVar[type[helpers.ActionForm]] = ActForm

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return List

    @property
    def media(self) -> forms.Media:
        scripts = super().media._js  # type: ignore[attr-defined]
        return forms.Media(js=[script for script in scripts if not any(name in str(script) for name in UNUSED)])
