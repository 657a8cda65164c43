"""Several names within a sentence: a Chinese one parts them as Chinese does."""

from collections.abc import Iterable

from django.utils.translation import gettext as _


def join(names: Iterable[object]) -> str:
    return _(", ").join(map(str, names))
