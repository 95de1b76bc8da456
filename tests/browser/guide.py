"""The pictures of the documents: made by the stories that tests tell, and never older than the words on them.

A picture lies in docs/images beside the words that the page said when it was made. A story that takes it compares the
words with today's: pixels change with fonts and browsers, words only with us. ``make guide`` takes all of them anew.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.parts import REPOSITORY, SCREENSHOTS

IMAGES = REPOSITORY / "docs" / "images"
PICTURES = (
    "status-ja",
    "guide-first",
    "guide-account",
    "guide-line",
    "guide-lan",
    "guide-terminals",
    "guide-try",
    "guide-returned",
    "guide-confirm",
    "guide-report",
    "guide-firmware",
    "guide-maintenance",
)
WIDTH, HEIGHT = 900, 640
"""Of the window, in CSS pixels."""
_MARGIN = 16
_COLOURS = 64
"""Enough for our few, and a third of the bytes."""
_WRITE = "SEKISHO_GUIDE"

_SAYS = """selector => {
  const shown = document.querySelector(selector).cloneNode(true);
  const fleeting = ".dates, time, #left, script, option:not([selected])";
  for (const one of shown.querySelectorAll(fleeting)) one.remove();
  return shown.textContent;
}"""


def picture(page: Page, name: str, of: str = "main", until: str = "body") -> None:
    """Take the picture of `PICTURES`, from the page's upper edge to the end of the element `until`.

    of: the part whose words have to be those of the documents' picture.
    """
    if name not in PICTURES:
        raise KeyError(name)
    before = page.viewport_size
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    end = float(page.locator(until).evaluate("part => part.getBoundingClientRect().bottom + scrollY")) + _MARGIN
    small = _small(page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": end}))
    said = words(page.evaluate(_SAYS, of))
    if before:
        page.set_viewport_size(before)
    folder = IMAGES if os.environ.get(_WRITE) == "write" else SCREENSHOTS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.png").write_bytes(small)
    (folder / f"{name}.txt").write_text(said)
    kept = (IMAGES / f"{name}.txt").read_text()
    assert said == kept, f"docs/images/{name}.png shows other words than the page: look at both, then `make guide`"


def words(text: str) -> str:
    """One line for each run of words; figures, which are other ones each time, as ``#``."""
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return "".join(f"{re.sub('[0-9]+', '#', line)}\n" for line in lines if line)


def shown_in(document: Path) -> set[str]:
    """Names of the PNG pictures that a document shows."""
    return set(re.findall(r"!\[[^]]*\]\((?:docs/)?images/([a-z0-9-]+)\.png\)", document.read_text()))


def _small(png: bytes) -> bytes:
    small = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(
        small, "PNG", optimize=True
    )
    return small.getvalue()
