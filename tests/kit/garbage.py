"""A pytest plugin: what stays until the last test (some thousands of tests, Django, pages) is not looked through again
and again for garbage, which took a seventh of the processor's time."""

import gc

import pytest

ROUND = 50_000  # new objects that are held; Python's own is 700

gc.set_threshold(ROUND, 10, 10)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
