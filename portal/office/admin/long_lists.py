"""Lists that grow with the people, or with what happens all day. Their tables have millions of rows, which no page
reads to count or to sort them."""

from functools import cached_property
from typing import Any, cast

from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.users.models import User
from portal.office import searches
from portal.office.admin.history import HistoryAdmin
from portal.office.admin.light import LightAdmin, List

MOST = 10_000  # rows; nobody turns more pages than these have
MOST_PEOPLE = 100_000
FEW = 1_000  # rows whose keys are kept


class Bounded(Paginator[Any]):
    @property
    def most(self) -> int:
        return MOST

    @property
    def rows(self) -> QuerySet[Any]:
        return cast("QuerySet[Any]", self.object_list)  # it is a list of the administration

    @cached_property
    def found(self) -> list[Any] | None:
        """The keys of all, where they are few. A filter that finds few has read every row for them: it is asked no
        second time."""
        keys = list(self.rows.order_by().values_list("pk", flat=True)[: FEW + 1])
        return keys if len(keys) <= min(FEW, self.most) else None

    @cached_property
    def count(self) -> int:
        """Up to the most; one more stands for whatever is beyond."""
        return self.rows.order_by()[: self.most + 1].count() if self.found is None else len(self.found)

    @property
    def is_whole(self) -> bool:
        """Whether all are counted."""
        return self.count <= self.most


class BoundedPeople(Bounded):
    """Of a university, each is counted."""

    @property
    def most(self) -> int:
        return MOST_PEOPLE


class LongList(List):
    @property
    def more_than(self) -> int:
        """Of so many rows it is only known that there are more; 0: all are counted."""
        pages = cast(Bounded, self.paginator)
        return 0 if pages.is_whole else pages.most

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """By a column that somebody chose only if all are counted: to sort the others is to read them."""
        rows: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
        if ORDER_VAR in self.params and not self._pages(request, rows).is_whole:
            for told in (self.params, self.filter_params):
                told.pop(ORDER_VAR, None)
            return rows.order_by(*self.get_ordering(request, rows.order_by()))
        return rows

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if cast(Bounded, self.paginator).found is not None:
            self.result_list = self._found_again()
        if self.more_than:
            self.sortable_by = ()

    def _found_again(self) -> QuerySet[Any]:
        """What Django's list would show, by its keys."""
        rows: QuerySet[Any] = self.queryset.filter(pk__in=cast(Bounded, self.paginator).found)
        if not self.multi_page or (self.show_all and self.can_show_all):
            return rows
        first = (self.page_num - 1) * self.list_per_page
        return rows[first : first + self.list_per_page]

    def _pages(self, request: HttpRequest, rows: QuerySet[Any]) -> Bounded:
        return cast(Bounded, self.model_admin.get_paginator(request, rows, self.list_per_page))


class Long(LightAdmin):
    """By the filters of its dates, not by Django's `date_hierarchy`, which looks for the days of all rows."""

    paginator = Bounded
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # a count for each choice of each filter

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LongList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Of rows that are not counted nobody chooses all at once."""
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context and context["cl"].more_than:
            context["actions_selection_counter"] = False
        return response


class LongHistory(Long, HistoryAdmin):
    person = ""  # the column of whose row it is, if it is somebody's

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Each word is a part of whose row it is, found by the indexes of people; or stands in another column."""
        if not self.person:
            return super().get_search_results(request, queryset, search_term)
        for word in search_term.split():
            people = searches.named(User.objects.all(), word)
            if people.exists():
                queryset = queryset.filter(**{f"{self.person}__in": people})
            else:
                queryset, _ = super().get_search_results(request, queryset, word)
        return queryset, False
