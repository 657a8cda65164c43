"""Recovery codes, as somebody reads them off the page."""

import re
from typing import Any


def codes_on(page: Any) -> list[str]:
    return re.findall(r'class="recovery-code">([^<]+)<', page.content.decode())
