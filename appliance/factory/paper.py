"""A label as a PDF of its own size, 100 by 62 mm, which label printers have on the roll and anybody can cut from paper.

For a process of its own (`control.apart`), as ReportLab is.
"""

from __future__ import annotations

import io

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from appliance import font
from appliance.factory.label import Label, code, fingerprint, rows

WIDTH, HEIGHT = 100 * mm, 62 * mm
_MARGIN = 4 * mm
_QR = 34 * mm
"""Points, all."""
_LONGEST_MODEL = 40
"""Characters: what a maker wrote must not run off the paper."""


def draw(label: Label) -> bytes:
    """Raises SekishoError `report.no-font`."""
    font.load()
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=(WIDTH, HEIGHT), invariant=1, lang="ja")
    canvas.setTitle(f"Sekisho {label.serial}")
    _write(canvas, HEIGHT - 8.5 * mm, 15, "関所")
    _write(canvas, HEIGHT - 8.5 * mm, 9, f"Sekisho  {label.model[:_LONGEST_MODEL]}", 14 * mm)
    canvas.line(_MARGIN, HEIGHT - 11 * mm, WIDTH - _MARGIN, HEIGHT - 11 * mm)
    top = HEIGHT - 14 * mm
    for what, says in rows(label):
        if what:
            _write(canvas, top, 5.5, what)
            top -= 4 * mm
        _write(canvas, top, 10, says)
        top -= 3.6 * mm
    _draw_qr(canvas, code(label))
    below = 11.5 * mm
    _write(canvas, below, 5.5, "ページの公開鍵（ブラウザーの警告と見比べる） / Page's public key, SHA-256")
    for line in fingerprint(label):
        below -= 3.2 * mm
        _write(canvas, below, 6.5, line)
    canvas.showPage()
    canvas.save()
    return output.getvalue()


def _write(canvas: Canvas, height: float, size: float, text: str, inset: float = 0.0) -> None:
    canvas.setFont(font.NAME, size)
    canvas.drawString(_MARGIN + inset, height, text)


def _draw_qr(canvas: Canvas, text: str) -> None:
    widget = QrCodeWidget(text, barLevel="M")
    left, bottom, right, top = widget.getBounds()
    drawing = Drawing(_QR, _QR, transform=[_QR / (right - left), 0, 0, _QR / (top - bottom), 0, 0])
    drawing.add(widget)
    renderPDF.draw(drawing, canvas, WIDTH - _QR - _MARGIN + 2 * mm, HEIGHT - _QR - 12 * mm)
