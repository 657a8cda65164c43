"""Lists of what happens all day. Their tables have millions of rows, which no page reads to count them."""

from functools import cached_property
from typing import Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.office.admin.history import HistoryAdmin
from portal.office.admin.light import List

MOST = 10_000  # rows; nobody turns more pages than these have


class Bounded(Paginator[Any]):
    @cached_property
    def count(self) -> int:
        """Up to MOST; one more stands for whatever is beyond."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment] # a list of the administration
        return rows.order_by()[: MOST + 1].count()


class LongList(List):
    @property
    def more_than(self) -> int:
        """Of so many rows it is only known that there are more; 0: all are counted."""
        return MOST if self.result_count > MOST else 0


class LongHistory(HistoryAdmin):
    """By the filters of its dates, not by Django's `date_hierarchy`, which looks for the days of all rows."""

    paginator = Bounded
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # a count for each choice of each filter

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongList
