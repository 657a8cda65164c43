"""Celery's filesystem broker, for development, with messages that appear whole.

kombu's own writes a message under the name that readers look for. A worker that looked at the wrong moment read half a
message and ended. Here it is written under another name first.
"""

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{time.monotonic_ns() // 1_000_000}_{uuid4()}.{queue}"
        draft = Path(self.data_folder_out) / f"{name}.draft"
        draft.write_text(json.dumps(payload), encoding="utf-8")
        draft.rename(draft.with_suffix(".msg"))


class Transport(filesystem.Transport):
    Channel = Channel
