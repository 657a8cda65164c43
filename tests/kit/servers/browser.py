"""A real Chromium, in which nothing may go wrong unnoticed."""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.kit.servers import need
from tests.kit.share import share

Language = str  # as browsers name it: zh-CN
Scheme = Literal["light", "dark"]

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
LANGUAGES = ("zh-CN", "en-US")
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
NARROW, WIDE = 360, 1280  # px
HEIGHT = 800
ZOOMED = 320  # px; a window of 1280 px at 400 %
SPACING = "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }"
FINGER = 44  # px
PRESSED = "button, .btn, nav a, footer a, .rows a, .tick label, input:not([type=checkbox])"
VARIANTS = [(width, scheme) for width in (WIDE, NARROW) for scheme in SCHEMES]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Those that depend on colours, of which alone a scheme is made (style sheets have nothing else in it).
COLOURS = ["color-contrast", "link-in-text-block"]
AXE = {
    "resultTypes": ["violations"],
    "preload": False,  # of style sheets: axe asks for what they import at wrong addresses, with styles of its own
}
# What Chromium notes when a page (not a script, style or picture of it) is answered with an error status.
STATUS = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
        )
        yield browser
        browser.close()


class Watch:
    """Collects what a browser complains of: errors of scripts, on the console, and of the content security policy."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"script error: {error.error}"))

    def _console(self, message: ConsoleMessage) -> None:
        url = message.page.url if message.page else ""
        is_page = STATUS.match(message.text) and message.location["url"] == url
        if message.type in ("error", "warning") and not is_page:
            self.complaints.append(f"{message.type} on {url}: {message.text} {message.location}")


Open = Callable[..., Page]


def program() -> str:
    """Chromium; its shell without windows, where that is installed, does the same for less."""
    return shutil.which("chromium-headless-shell") or need("chromium")


@pytest.fixture(scope="module")
def chromium_running() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, chromium(program()) as browser:
        # Playwright runs a loop in this thread while it lives; tests use the database beside it, not in it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield browser


@pytest.fixture
def open_page(chromium_running: Browser) -> Iterator[Open]:
    """`open_page(language="en-US", javascript=False, width=360, scheme="dark")`: a page in a browser of its own.
    The test fails if that browser complained of anything."""
    contexts: list[tuple[BrowserContext, Watch]] = []

    def open_one(
        *,
        base_url: str = "",
        language: Language = "zh-CN",
        width: int = WIDE,
        scheme: Scheme = "light",
        javascript: bool = True,
        any_certificate: bool = False,
        agent: str | None = None,
    ) -> Page:
        context = chromium_running.new_context(
            base_url=base_url,
            locale=language,
            viewport={"width": width, "height": HEIGHT},
            color_scheme=scheme,
            java_script_enabled=javascript,
            reduced_motion="reduce",
            ignore_https_errors=any_certificate,
            user_agent=agent,
        )
        context.set_default_timeout(10_000)
        contexts.append((context, Watch(context)))
        return context.new_page()

    yield open_one
    complaints = [complaint for context, watch in contexts for complaint in watch.complaints]
    for context, _watch in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)


def resize(page: Page, width: int, scheme: Scheme) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


def axe_violations(page: Page, rules: Sequence[str] = RULES) -> list[str]:
    """What axe finds wrong with the page as it stands."""
    page.wait_for_load_state()  # half a page has no heading yet
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = page.evaluate(
        "options => axe.run(options).then(found => found.violations)", AXE | {"runOnly": rules}
    )
    return [
        f"{page.url} {violation['id']}: {violation['help']}\n  {node['html']}\n  {node['failureSummary']}"
        for violation in found
        for node in violation["nodes"]
    ]


def violations_in(page: Page, variants: Sequence[tuple[int, Scheme]] | None = None) -> Iterator[str]:
    """What axe finds wrong in these widths and schemes; unless told, in one of the four, another each time."""
    variants = share(VARIANTS, len(VARIANTS)) if variants is None else variants
    for width, scheme in variants:
        resize(page, width, scheme)
        seen_in_the_light = scheme == "dark" and (width, "light") in variants
        found = axe_violations(page, COLOURS if seen_in_the_light else RULES)
        yield from (f"{width} {scheme}: {violation}" for violation in found)


def space_out(page: Page) -> None:
    """The spacing of WCAG 1.4.12, until the page is left or `close_up` is called."""
    page.evaluate(
        """css => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(css);
            document.adoptedStyleSheets = [sheet];
        }""",
        SPACING,
    )


def close_up(page: Page) -> None:
    page.evaluate("document.adoptedStyleSheets = []")


def small_targets(page: Page) -> list[str]:
    """Buttons, fields and links of menus that are lower than a finger needs. (Of a checkbox, its label counts.)"""
    found: list[str] = page.evaluate(
        """([pressed, least]) => [...document.querySelectorAll(pressed)]
            .filter(target => target.checkVisibility() && target.getBoundingClientRect().height < least)
            .map(target => target.outerHTML)""",
        [PRESSED, FINGER],
    )
    return found


def scrolls_sideways(page: Page) -> bool:
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width > 0
