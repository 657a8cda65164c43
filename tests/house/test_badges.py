"""The badges of the README say what is true now."""

from tests.kit import badges


def test_each_is_as_it_would_be_drawn_now_and_stands_in_the_readme() -> None:
    expected = {f"{badge.file}.svg": badges.drawn(badge) for badge in badges.all_of_them()}
    assert {file.name: file.read_text(encoding="utf-8") for file in badges.FOLDER.iterdir()} == expected, (
        "python -m tests.kit.badges"
    )
    for readme in ("README.md", "README.zh-CN.md"):
        text = (badges.ROOT / readme).read_text(encoding="utf-8")
        assert all(badge.link in text for badge in badges.all_of_them())
