"""A report as a PDF: A4, its fonts inside, the same bytes for the same report.

ReportLab is imported in a process of its own (`control.apart`).
"""

from __future__ import annotations

import io
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, TableStyle
from reportlab.platypus import Table as Grid

from appliance import font
from appliance.report.compose import Document, compose
from appliance.report.model import MARKS, Report, Table
from appliance.text import Language

_MARGIN = 16 * mm
_WIDTH = A4[0] - 2 * _MARGIN - 12
"""Points, both; the frame on a page keeps 6 on either side for itself."""
_INK, _FAINT, _LINE = colors.HexColor(0x1A1A1A), colors.HexColor(0x5A5A5A), colors.HexColor(0xB0B0B0)
_COLOURS = {
    MARKS["ok"]: colors.HexColor(0x0B6B2D),
    MARKS["warning"]: colors.HexColor(0x8A5A00),
    MARKS["failed"]: colors.HexColor(0xB00020),
}


def printed(material: Document, language: Language) -> tuple[bytes, str, bool]:
    """The PDF, the report's number, and whether it says that connectivity was confirmed.

    Raises SekishoError `report.no-font` where the paper's font is not installed.
    """
    report = compose(material, language)
    return draw(report), report.number, report.passed


def draw(report: Report) -> bytes:
    """Raises SekishoError `report.no-font`."""
    font.load()
    # How many pages there are is known only when the last one is full.
    _, pages = _drawn(report, 0)
    return _drawn(report, pages)[0]


def _drawn(report: Report, pages: int) -> tuple[bytes, int]:
    output = io.BytesIO()
    paper = SimpleDocTemplate(
        output,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=22 * mm,
        title=f"{report.title} {report.clinic}",
        subject=report.number,
        author="Sekisho",
        lang=report.language,
        invariant=1,
    )

    def foot(canvas: Canvas, _: object) -> None:
        canvas.setFont(font.NAME, 7.5)
        canvas.setFillColor(_FAINT)
        canvas.drawString(_MARGIN, 12 * mm, f"{report.title}  {report.clinic}  No. {report.number}")
        canvas.drawRightString(A4[0] - _MARGIN, 12 * mm, f"{canvas.getPageNumber()} / {pages}")

    paper.build(_story(report, _Styles(report.language)), onFirstPage=foot, onLaterPages=foot)
    return output.getvalue(), paper.page


class _Styles:
    def __init__(self, language: Language) -> None:
        wrap = "CJK" if language == "ja" else None
        self.body = ParagraphStyle("body", fontName=font.NAME, fontSize=9, leading=13, textColor=_INK, wordWrap=wrap)
        # Keys and subjects are long words without spaces, in whichever language.
        self.cell = ParagraphStyle("cell", self.body, fontSize=7.5, leading=10, wordWrap="CJK")
        self.head = ParagraphStyle("head", self.cell, textColor=_FAINT)
        self.title = ParagraphStyle("title", self.body, fontSize=19, leading=26)
        self.clinic = ParagraphStyle("clinic", self.body, fontSize=12, leading=18)
        self.verdict = ParagraphStyle("verdict", self.body, fontSize=12, leading=18)
        self.section = ParagraphStyle("section", self.body, fontSize=11, leading=16, spaceBefore=10, spaceAfter=3)


def _story(report: Report, styles: _Styles) -> list[Flowable]:
    story: list[Flowable] = [
        _top(report, styles),
        Spacer(0, 4 * mm),
        _verdict(report, styles),
    ]
    for table in report.tables:
        grid = _grid(table, styles)
        heading = Paragraph(escape(table.heading), styles.section)
        # A heading never stands alone at the foot of a page; a long table may go on over several.
        story += [KeepTogether([heading, grid])] if len(table.rows) < 12 else [heading, grid]
    story += [Spacer(0, 8 * mm), _signatures(report, styles)]
    return story


def _top(report: Report, styles: _Styles) -> Flowable:
    words = [
        Paragraph(escape(report.title), styles.title),
        Paragraph(escape(report.clinic), styles.clinic),
        Paragraph(escape(report.at), styles.body),
        Paragraph(f"No. {escape(report.number)}", styles.body),
    ]
    link = Paragraph(f"{escape(report.link_title)}<br/>{escape(report.link)}", styles.cell)
    return Grid(
        [[words, [_qr(report.link), link]]],
        colWidths=[_WIDTH - 50 * mm, 50 * mm],
        style=TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (0, 0), 0)]),
    )


def _qr(text: str) -> Drawing:
    widget = QrCodeWidget(text, barLevel="M")
    left, bottom, right, top = widget.getBounds()
    size = 26 * mm
    drawing = Drawing(size, size, transform=[size / (right - left), 0, 0, size / (top - bottom), 0, 0])
    drawing.add(widget)
    return drawing


def _verdict(report: Report, styles: _Styles) -> Flowable:
    mark = MARKS["ok" if report.passed else "failed"]
    sign = ParagraphStyle("sign", styles.verdict, fontSize=22, leading=24, textColor=_COLOURS[mark])
    return Grid(
        [[Paragraph(mark, sign), Paragraph(escape(report.verdict), styles.verdict)]],
        colWidths=[14 * mm, _WIDTH - 14 * mm],
        style=TableStyle([("BOX", (0, 0), (-1, -1), 1.2, _COLOURS[mark]), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]),
    )


def _grid(table: Table, styles: _Styles) -> Flowable:
    shares = sum(column.share for column in table.columns)
    rows = [[_cell(text, styles) for text in row] for row in table.rows]
    titled = any(column.title for column in table.columns)
    if titled:
        rows.insert(0, [Paragraph(escape(column.title), styles.head) for column in table.columns])
    rule = TableStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ]
    )
    return Grid(
        rows or [["–"] * len(table.columns)],
        colWidths=[_WIDTH * column.share / shares for column in table.columns],
        repeatRows=1 if titled else 0,
        style=rule,
    )


def _cell(text: str, styles: _Styles) -> Paragraph:
    inset = len(text) - len(text.lstrip(" "))
    style = styles.cell
    if text in _COLOURS:
        style = ParagraphStyle("mark", style, textColor=_COLOURS[text])
    elif inset:
        style = ParagraphStyle("inset", style, leftIndent=4 * inset)
    return Paragraph("<br/>".join(escape(line) for line in text.strip().split("\n")), style)


def _signatures(report: Report, styles: _Styles) -> Flowable:
    date, signature = (Paragraph(escape(word), styles.head) for word in report.signature_words)
    places = [
        Grid(
            [[Paragraph(escape(who), styles.body)], [date], [signature]],
            colWidths=[_WIDTH / 2 - 4 * mm],
            rowHeights=[8 * mm, 11 * mm, 20 * mm],
            style=TableStyle([("BOX", (0, 0), (-1, -1), 0.6, _INK), ("LINEBELOW", (0, 0), (-1, 1), 0.4, _LINE)]),
        )
        for who in report.signatures
    ]
    return KeepTogether(
        [
            Grid(
                [places],
                colWidths=[_WIDTH / 2] * 2,
                style=TableStyle(
                    [
                        ("LEFTPADDING", (0, 0), (-1, -1), 0),
                        ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                        ("ALIGN", (1, 0), (1, 0), "RIGHT"),
                    ]
                ),
            )
        ]
    )
