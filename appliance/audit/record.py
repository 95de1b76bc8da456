"""The record on the disk: a file of JSON lines for each month, and the head. Who holds a `Record` is its one writer.

An entry is durable when `append` returns. A power cut in the middle of a line leaves half of one, which was
never acknowledged: the next start cuts it off, and says so in an entry of its own.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance.audit.chain import Fault, Head, Kind, Known, Verdict, verify
from appliance.audit.entry import SYSTEM, Deed, Entry, decode, digest, encode
from appliance.audit.selection import ALL, Selection
from appliance.errors import SekishoError
from appliance.files import sync_directory, write_atomically
from appliance.text import Text

KEPT = 60
"""Files: five years. With the sixty-first month the oldest goes, by the router itself and by nobody else."""
_HEAD = "head.json"
_FILE = re.compile(r"(\d{6})-(\d{4}-\d{2})\.jsonl")
_BLOCK = 65536


class Record:
    """The record in `directory`, made where there is none; mended, if a power cut has cut its last line.

    Raises SekishoError ``audit.cannot-write``, here and in `append`.
    """

    def __init__(self, directory: Path, at: datetime) -> None:
        self._directory = directory
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = read_head(directory)
            if found is None and not _files(directory):
                self._write_head(Head())
            self._head = self._adopt(found or Head())
            cut = self._cut_off()
        except OSError as error:
            raise _cannot_write(directory, error) from None
        if cut:
            self.append(Deed(SYSTEM, "audit.mended", {"bytes": cut}, "done"), at)

    @property
    def head(self) -> Head:
        return self._head

    def append(self, deed: Deed, at: datetime) -> Entry:
        """at: with a zone. What was not written whole is taken back."""
        moment = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
        entry = Entry(self._head.last + 1, moment, deed, self._head.hash)
        line = encode(entry)
        try:
            dropped = self._make_room(moment[:7])
            self._write(_files(self._directory)[-1], line)
            self._write_head(self._head.after(entry.number, line))
        except OSError as error:
            raise _cannot_write(self._directory, error) from None
        if dropped:
            self.append(Deed(SYSTEM, "audit.month-dropped", {"file": dropped}, "done"), at)
        return entry

    def _make_room(self, month: str) -> str:
        """The file of this month, and no more files than are kept. Returns the name of the one that went."""
        files = _files(self._directory)
        if files and _month(files[-1]) == month:
            return ""
        # By its place and not by its month alone: a clock that was wrong must not change the order.
        number = int(files[-1].name[:6]) + 1 if files else 1
        new = self._directory / f"{number:06}-{month}.jsonl"
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        sync_directory(self._directory)
        if len(files) < KEPT:
            return ""
        oldest = files[0]
        beginning = next((line for _, line in _lines(files[1:2])), None)
        if beginning is not None:
            first = decode(beginning)
            # The head first: a power cut in between leaves a file that is ignored, and dropped next time.
            self._write_head(Head(first.number, first.before, self._head.last, self._head.hash))
        oldest.unlink()
        sync_directory(self._directory)
        return oldest.name

    def _write(self, file: Path, line: bytes) -> None:
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            try:
                rest = memoryview(line + b"\n")
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)

    def _write_head(self, head: Head) -> None:
        write_atomically(self._directory / _HEAD, json.dumps(asdict(head)) + "\n")
        self._head = head

    def _adopt(self, head: Head) -> Head:
        """With the one line that a power cut may have left between the file and the head."""
        newest = next(_lines_backwards(_files(self._directory)), None)
        if newest is not None:
            try:
                entry = decode(newest)
            except ValueError:
                return head
            if entry.number == head.last + 1 and entry.before == head.hash:
                return head.after(entry.number, newest)
        return head

    def _cut_off(self) -> int:
        """Bytes of half a line that were taken from the end."""
        files = _files(self._directory)
        if not files:
            return 0
        descriptor = os.open(files[-1], os.O_RDWR | os.O_CLOEXEC)
        try:
            size = end = os.fstat(descriptor).st_size
            while end:
                start = max(0, end - _BLOCK)
                if (found := os.pread(descriptor, end - start, start).rfind(b"\n")) >= 0:
                    end = start + found + 1
                    break
                end = start
            if end != size:
                os.ftruncate(descriptor, end)
                os.fsync(descriptor)
            return size - end
        finally:
            os.close(descriptor)


def read_head(directory: Path) -> Head | None:
    """None: there is none, or it cannot be read."""
    try:
        document = json.loads((directory / _HEAD).read_bytes())
        head = Head(**document)
    except (OSError, ValueError, TypeError):
        return None
    sound = isinstance(head.first, int) and isinstance(head.last, int)
    return head if sound and isinstance(head.before, str) and isinstance(head.hash, str) else None


def entries(
    directory: Path, before: int | None, limit: int, wanted: Selection = ALL
) -> tuple[list[dict[str, Any]], bool]:
    """Newest first, those with a number below `before`, as `Entry.as_json`; and whether there are older ones.

    A line that is no entry is told as ``{"number": null}``, to whoever wants all.
    """
    found: list[dict[str, Any]] = []
    files = [file for file in _files(directory) if wanted.may_be_in(_month(file)) and _begins_below(file, before)]
    for line in _lines_backwards(files):
        try:
            entry = decode(line)
        except ValueError:
            if wanted != ALL:
                continue
            found.append({"number": None})
        else:
            if (before is not None and entry.number >= before) or not wanted.takes(entry):
                continue
            found.append(entry.as_json() | {"hash": digest(line)})
        if len(found) > limit:
            return found[:limit], True
    return found, False


def _begins_below(file: Path, number: int | None) -> bool:
    """Whether the file may hold an entry below `number`: who goes back page by page need not read all of it again."""
    if number is None:
        return True
    try:
        return decode(next((line for _, line in _lines([file])), b"")).number < number
    except ValueError:
        return True


def check(directory: Path, known: Known | None = None) -> dict[str, Any]:
    """`verify` of what is on the disk, as plain values. Reads all of it."""
    head = read_head(directory)
    if head is None and not _files(directory):
        head = Head()
    return _told(verify(_lines(_files(directory)), head, known))


def _told(verdict: Verdict) -> dict[str, Any]:
    return {
        "whole": verdict.whole,
        "entries": verdict.entries,
        "first": verdict.first,
        "last": verdict.last,
        "hash": verdict.hash,
        "faults": [{**asdict(fault), "text": _in_words(fault).as_dict()} for fault in verdict.faults],
    }


def _in_words(fault: Fault) -> Text:
    where = Text(f"（{fault.file}）", f" ({fault.file})") if fault.file else Text("", "")
    number = fault.number if fault.until == fault.number else f"{fault.number}–{fault.until}"
    said: Mapping[Kind, Text] = {
        Kind.CHANGED: Text(f"{number} 番の記録が書き換えられています", f"entry {number} was changed"),
        Kind.MISSING: Text(f"{number} 番の記録がありません", f"entry {number} is missing"),
        Kind.OUT_OF_ORDER: Text(f"{number} 番の記録の順番が違います", f"entry {number} is out of order"),
        Kind.UNREADABLE: Text(f"{number} 番のところを記録として読めません", f"what stands for entry {number} is none"),
        Kind.NO_HEAD: Text("記録の終わりを示すファイルがありません", "the file that tells the record's end is missing"),
        Kind.OTHER_RECORD: Text(
            f"{number} 番の記録が、前に控えたものと違います", f"entry {number} is not the one that was noted down"
        ),
    }
    return Text(said[fault.kind].ja + where.ja + "。", said[fault.kind].en + where.en + ".")


def _files(directory: Path) -> list[Path]:
    """Oldest first."""
    return sorted(path for path in directory.glob("*.jsonl") if _FILE.fullmatch(path.name))


def _month(file: Path) -> str:
    return file.name[7:14]


def _lines(files: list[Path]) -> Iterator[tuple[str, bytes]]:
    """What ends without an end of line is being written, or was cut by a power cut: it is no line yet."""
    for file in files:
        with file.open("rb") as stream:
            for line in stream:
                if line.endswith(b"\n"):
                    yield file.name, line[:-1]


def _lines_backwards(files: list[Path]) -> Iterator[bytes]:
    """files: oldest first."""
    for file in reversed(files):
        with file.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            rest, is_last = b"", True
            while end:
                start = max(0, end - _BLOCK)
                stream.seek(start)
                first, *others = (stream.read(end - start) + rest).split(b"\n")
                for line in reversed(others):
                    if not is_last:
                        yield line
                    is_last = False
                rest, end = first, start
            if not is_last:
                yield rest


def _cannot_write(directory: Path, error: OSError) -> SekishoError:
    return SekishoError(
        "audit.cannot-write",
        f"操作の記録を {directory} に書けません（{error.strerror}）。ディスクの空きを確かめてください。",
        f"cannot write the audit record in {directory} ({error.strerror}): check the space on the disk.",
    )
