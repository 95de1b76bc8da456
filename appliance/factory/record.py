"""What the factory remembers on the machine itself: two files that only root reads, without the password.

One for what has begun, one for what is made: whether a machine is made can be seen by whoever may not read it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from appliance.errors import SekishoError
from appliance.files import remove_durably, write_atomically


@dataclass(frozen=True, slots=True)
class Record:
    """key_sha256: of the page's public key, hex. at: when it was begun, ISO 8601. password: the hash of the label's,
    a PHC string, empty before there is one. is_made: a label with it has come out."""

    serial: str
    key_sha256: str
    at: str
    password: str = field(default="", repr=False)
    is_made: bool = False


class Kept:
    """made: the file of what is made; of what has begun there is one beside it."""

    def __init__(self, made: Path) -> None:
        self._made, self._begun = made, made.with_name(f"{made.stem}-begun{made.suffix}")

    def read(self) -> Record | None:
        """None where nobody has begun. Raises SekishoError ``factory.record-damaged``."""
        return _read(self._made) or _read(self._begun)

    def write(self, record: Record) -> None:
        """Durable when it returns. Raises SekishoError ``factory.cannot-store``."""
        file = self._made if record.is_made else self._begun
        try:
            write_atomically(file, json.dumps(asdict(record), indent=1) + "\n")
            if record.is_made:
                remove_durably(self._begun)
        except OSError as error:
            raise SekishoError(
                "factory.cannot-store",
                f"出荷時の記録を {file} に保存できません（{error.strerror}）。ディスクの空きを確かめてください。",
                f"cannot store the factory's record in {file} ({error.strerror}): check the space on the disk.",
            ) from None


def _read(path: Path) -> Record | None:
    try:
        document = json.loads(path.read_bytes())
        found = Record(**document)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, RecursionError):
        raise _damaged(path) from None
    texts = (found.serial, found.key_sha256, found.at, found.password)
    if not (isinstance(found.is_made, bool) and all(isinstance(text, str) for text in texts)):
        raise _damaged(path)
    return found


def _damaged(path: Path) -> SekishoError:
    return SekishoError(
        "factory.record-damaged",
        f"出荷時の記録 {path} を読めないので、この機器は工場に戻して作り直してください。",
        f"The factory's record {path} cannot be read: the machine has to go back to the factory.",
    )
