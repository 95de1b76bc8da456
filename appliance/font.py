"""The font of what is printed, put into the paper itself. ReportLab: for a process of its own (`control.apart`)."""

from __future__ import annotations

from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from appliance.errors import SekishoError

FILE = Path("/usr/share/fonts/opentype/ipaexfont-gothic/ipaexg.ttf")
NAME = "IPAexGothic"


def load() -> None:
    """Raises SekishoError `report.no-font`."""
    if NAME in pdfmetrics.getRegisteredFontNames():
        return
    try:
        pdfmetrics.registerFont(TTFont(NAME, str(FILE)))
    except (TTFError, OSError):
        raise SekishoError(
            "report.no-font",
            f"印刷に使う文字（{FILE}）がありませんので、fonts-ipaexfont-gothic を入れてください。",
            f"The font for printing is missing ({FILE}): install fonts-ipaexfont-gothic.",
        ) from None
