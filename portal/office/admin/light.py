from typing import Any

from django import forms
from django.contrib import admin

# Scripts for addresses that are made from titles (slugs), half of what a list would load. Nothing here has one.
UNUSED = ("urlify.js", "prepopulate.js", "xregexp")


class LightAdmin(admin.ModelAdmin[Any]):
    @property
    def media(self) -> forms.Media:
        scripts = super().media._js  # type: ignore[attr-defined]
        return forms.Media(js=[script for script in scripts if not any(name in str(script) for name in UNUSED)])
