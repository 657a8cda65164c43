"""The site of the documents, as mkdocs.yml asks for it: what stands beside docs/ joins it under project/, Chinese lines
close up, and nothing comes from another host. MkDocs warns, and a warning fails."""

import logging
import os
import re
from pathlib import PurePosixPath

import jieba
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

JOINED = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "benchmarks/README.md")
PROJECT = PurePosixPath("project")
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
FENCE = re.compile(r"(^ *```.*?^ *```)", re.MULTILINE | re.DOTALL)
# Chinese has no blank where a line of the file ends; a list, a table or a quotation begins with none of these.
CLOSES_UP = re.compile(
    r"(?<=[\u2018-\u201d\u3000-\u9fff\uff00-\uffef])\n *(?=[\u2018-\u201d\u3000-\u9fff\uff00-\uffef])"
)
# What a forge takes for a list or a table, and Python-Markdown for more of the paragraph.
SWALLOWED = re.compile(r"<p>(?:(?!</p>).)*\n(?:[-*|]|\d+\.) [^\n]*", re.DOTALL)
FOREIGN = re.compile(r"<(?:script|img|iframe|source|link)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")

log = logging.getLogger("mkdocs.documents")  # counted by `strict`


def on_startup(command: str, dirty: bool) -> None:
    jieba.setLogLevel(logging.WARNING)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    root = PurePosixPath(config.config_file_path).parent
    for name in JOINED:
        files.append(File.generated(config, str(PROJECT / name), abs_src_path=str(root / name)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    parts = FENCE.split(LINK.sub(lambda found: led_to(found[1], page.file.src_uri), markdown))
    return "".join(part if number % 2 else CLOSES_UP.sub("", part) for number, part in enumerate(parts))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> None:
    for found in SWALLOWED.findall(html):
        log.warning("%s: a list or table needs an empty line before it: %s", page.file.src_uri, found[-80:])


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> None:
    for found in FOREIGN.findall(output):
        log.warning("%s: comes from another host: %s", page.file.src_uri, found)


def led_to(target: str, page: str) -> str:
    """A link as the file has it, from the page that the file became."""
    here = in_source(page).parent
    there = PurePosixPath(os.path.normpath(here / target))
    if here.is_relative_to("docs") and there.is_relative_to("docs"):
        return target
    return os.path.relpath(site_path(there), PurePosixPath(page).parent)


def in_source(page: str) -> PurePosixPath:
    path = PurePosixPath(page)
    return path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else "docs" / path


def site_path(path: PurePosixPath) -> PurePosixPath:
    return path.relative_to("docs") if path.is_relative_to("docs") else PROJECT / path
