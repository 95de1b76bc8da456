"""A QR code (ISO/IEC 18004) as the path of a drawing. ReportLab's encoder: for a process of its own."""

from __future__ import annotations

from typing import Any

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

QUIET = 4
"""Modules of white around it."""


def path(text: str) -> tuple[str, int]:
    """What an SVG path draws, one unit for each module, and the side of the square around it."""
    code: Any = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    count = code.getModuleCount()
    rows = (_row([code.isDark(row, column) for column in range(count)], row + QUIET) for row in range(count))
    return "".join(rows), count + 2 * QUIET


def _row(dark: list[bool], y: int) -> str:
    drawn, start = "", 0
    while start < len(dark):
        end = start
        while end < len(dark) and dark[end] == dark[start]:
            end += 1
        if dark[start]:
            drawn += f"M{start + QUIET} {y}h{end - start}v1h-{end - start}z"
        start = end
    return drawn
