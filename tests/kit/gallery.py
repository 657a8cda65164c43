"""`python -m tests.kit.gallery FOLDER [WORD ...]`: a picture of every page and state.

In both languages, widths and colour schemes; WORDs choose some: beginnings of states' names, `en`, `zh`, `320`, `360`,
`1280`, `light`, `dark` (320 px, a window at 400 %, only where it is asked for). A picture is named
state.language.width.scheme.png; index.html shows all side by side. `documents` makes the pictures
of docs/pictures anew, and no others.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tests.kit.environment  # noqa: F401  (before Django's settings)

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.testcases import LiveServerThread, _StaticFilesHandler  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from portal.celery import app  # noqa: E402
from tests.kit import guards  # noqa: E402
from tests.kit.servers.browser import HEIGHT, LANGUAGES, NARROW, SCHEMES, WIDE, ZOOMED, chromium, program  # noqa: E402
from tests.kit.servers.tour import tour  # noqa: E402
from tests.kit.upkeep import register_tasks  # noqa: E402

# What the handbook and README show: state, width, height, and how the picture is called.
DOCUMENTS = {
    "admin-desk": (1100, 760, "desk.png"),
    "admin-rollout-dry-run": (1100, 900, "dry-run.png"),
    "admin-slips-sheet": (1100, 620, "slips.png"),
}

STYLE = (
    "<style>div { display: flex; overflow-x: auto } img { height: 24rem; margin: 4px; border: 1px solid #888 }</style>"
)


@contextmanager
def site() -> Iterator[str]:
    """The portal in this process, without people; its address."""
    setup_test_environment(debug=False)
    settings.SMS_GATEWAY = "outbox"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    register_tasks()
    app.conf.task_always_eager = True
    call_command("migrate", verbosity=0)
    connection.close()
    server = LiveServerThread("localhost", _StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    try:
        yield f"http://localhost:{server.port}"
    finally:
        server.terminate()


def main(folder: Path, words: set[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)

    def chosen(*options: str) -> list[str]:
        return [option for option in options if option in words] or list(options)

    widths = [width for width in (ZOOMED, NARROW, WIDE) if str(width) in words] or [NARROW, WIDE]
    states = tuple(words - {"zh", "en", *map(str, widths), *SCHEMES})
    with site() as url, chromium(program()) as browser:
        for language in LANGUAGES:
            short = language[:2]
            if short not in chosen("zh", "en"):
                continue
            page = browser.new_context(base_url=url, locale=language, reduced_motion="reduce").new_page()
            page.on("console", lambda message: print(f"{message.type}: {message.text}", file=sys.stderr))
            for state in tour(page):
                print(f"{language} {state}", file=sys.stderr)  # it takes some minutes
                if states and not state.startswith(states):
                    continue
                for width in widths:
                    for scheme in chosen(*SCHEMES):
                        page.set_viewport_size({"width": width, "height": HEIGHT})
                        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                        page.screenshot(path=folder / f"{state}.{short}.{width}.{scheme}.png", full_page=True)
            page.context.close()
            with guards.lifted():
                call_command("flush", verbosity=0, interactive=False)
            guards.begin_log()


def for_documents(folder: Path) -> None:
    """In Chinese and in the light: what a document shows is the upper part of a page."""
    with site() as url, chromium(program()) as browser:
        page = browser.new_context(base_url=url, locale="zh-CN", reduced_motion="reduce").new_page()
        for state in tour(page):
            if state in DOCUMENTS:
                width, height, name = DOCUMENTS[state]
                page.set_viewport_size({"width": width, "height": height})
                page.screenshot(path=folder / name)


def write_index(folder: Path) -> None:
    """One row a state, in the order in which people come to them."""
    pictures = sorted(folder.glob("*.*.*.*.png"), key=lambda path: path.stat().st_mtime)
    rows: dict[str, list[str]] = {}
    for path in pictures:
        rows.setdefault(path.name.partition(".")[0], []).append(path.name)
    parts = ["<!doctype html><meta charset=utf-8><title>Mailkey</title>", STYLE]
    for state, names in rows.items():
        links = (f'<a href="{name}"><img src="{name}" alt="{name}" loading="lazy"></a>' for name in sorted(names))
        parts.append(f"<h2>{state}</h2><div>{''.join(links)}</div>")
    (folder / "index.html").write_text("\n".join(parts))
    print(f"{len(pictures)} pictures of {len(rows)} states: {folder / 'index.html'}")


if __name__ == "__main__":
    if "documents" in sys.argv[2:]:
        for_documents(settings.BASE_DIR / "docs" / "pictures")
        sys.exit()
    main(Path(sys.argv[1]), set(sys.argv[2:]))
    write_index(Path(sys.argv[1]))
