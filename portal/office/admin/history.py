from typing import Any

from django.contrib.admin.utils import flatten_fieldsets
from django.http import HttpRequest

from portal.office.admin.light import LightAdmin


def _parameter(item: Any) -> Any:
    """What an item of `list_filter` is called in the page's address."""
    return item[0] if isinstance(item, tuple | list) else getattr(item, "parameter_name", item)


class ShownLookups(LightAdmin):
    """A list is narrowed by what it shows. By default Django takes `?number__startswith=+8613` for any column, and who
    may not see a number or a digest would ask for it sign by sign."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        filters = [_parameter(item) for item in self.get_list_filter(request)]
        named = [*self.get_list_display(request), *flatten_fieldsets(self.get_fieldsets(request)), *filters]
        shown = {name for name in named if isinstance(name, str)} | {"id", "pk"}
        field = lookup.partition("__")[0]
        is_shown = field in shown or any(str(name).startswith(f"{field}__") for name in shown)
        is_shown = is_shown or lookup == f"{field}__isnull"  # whether there is one says nothing of it
        return is_shown and field != "password" and super().lookup_allowed(lookup, value, request)


class HistoryAdmin(ShownLookups):
    """Read and search."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
