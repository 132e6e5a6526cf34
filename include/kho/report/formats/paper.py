"""Measures of an official document: Decree 30/2020/NĐ-CP, Appendix I.

Millimetres and points, the same in every format that is printed.
"""

PAGE_WIDTH_MM, PAGE_HEIGHT_MM = 210, 297
TOP_MM, BOTTOM_MM, LEFT_MM, RIGHT_MM = 20, 20, 30, 18
TEXT_WIDTH_MM = PAGE_WIDTH_MM - LEFT_MM - RIGHT_MM
HEADER_MM = 10
"""From the edge to the page number in the top margin."""

LETTERHEAD_SHARE = 0.42
"""Of the text's width that the issuer's side of the letterhead takes."""
ADDRESS_MM = 45
"""From the left edge of the text to the addressees."""

BODY_PT, NOTE_PT, TABLE_PT, DENSE_PT = 14, 11, 11, 8.5
SMALL_PT, DENSE_SMALL_PT, TECHNICAL_PT = 9.5, 7, 8
NATION_PT, MOTTO_PT, ISSUER_PT, NUMBER_PT = 12, 13, 12, 13
PAGE_NUMBER_PT, RECIPIENTS_PT, RECIPIENT_LIST_PT = 13, 12, 11
INDENT_MM = 12.7
AFTER_PARAGRAPH_PT = 6
LINE_SPACING = 1.15
ISSUER_RULE_SHARE, SUBJECT_RULE_SHARE = 0.4, 0.35
"""Of the width of the text above: a third to a half."""

FONT, DRAWN_FONT = "Times New Roman", "Tinos"
"""Tinos has the measures of Times New Roman and may be shipped (SIL Open Font License)."""

SHADES = {"green": "DCEFDC", "amber": "FFEDB8", "red": "F5B7B1"}
HEAD_SHADE, SUM_SHADE = "EEEEEE", "F4F4F4"
NATION, MOTTO = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc"
