"""Identifiers and texts: what is well formed, what is not."""

import csv

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.vn import mst

from kho.extract.administrative_units import read_units
from kho.rules.gx import load_gx
from kho.rules.identifiers import (
    dossier_date,
    is_agency_code,
    is_citizen_id,
    is_dossier_code,
    is_health_insurance_number,
    is_tax_code,
)
from kho.settings import get_settings

load_gx()  # the module below declares expectations, so it must come after

from kho.rules.expectations.encoding import SUSPICIOUS, is_legacy_encoded  # noqa: E402

digits = st.text("0123456789", min_size=10, max_size=10)
branches = st.text("0123456789", min_size=3, max_size=3)


@given(digits)
@example("0100109106")
@example("0000000000")
@example("0100000000")
def test_ten_digits_agree_with_stdnum(number: str) -> None:
    assert is_tax_code(number) == mst.is_valid(number)


@given(st.text("0123456789", min_size=9, max_size=9))
def test_stdnum_s_check_digit_is_ours(number: str) -> None:
    check = mst.calc_check_digit(number)
    assert is_tax_code(number + check) == mst.is_valid(number + check)


@given(st.sampled_from(["0100109106", "0300588569", "0100109107"]), branches)
@example("0100109106", "000")
def test_branches_agree_with_stdnum(number: str, branch: str) -> None:
    assert is_tax_code(f"{number}-{branch}") == mst.is_valid(number + branch)


@pytest.mark.parametrize(
    "code",
    ["", "0100109107", "010010910", "0100109106001", "0100109106-1", "0100109106-0011",
     "0100109106_001", "0100109106-00a", "0100109106\n", "٠١٠٠١٠٩١٠٦", "123456789", "999085001234"],
)  # fmt: skip
def test_bad_tax_codes(code: str) -> None:
    assert not is_tax_code(code)


@pytest.mark.parametrize("code", ["0100109106", "0100109106-001", "0100109106-999", "051085001234"])
def test_good_tax_codes(code: str) -> None:
    assert is_tax_code(code)


@pytest.mark.parametrize("number", ["051085001234", "062185001234", "001304012345", "096200000000"])
def test_good_citizen_ids(number: str) -> None:
    assert is_citizen_id(number)


@pytest.mark.parametrize(
    "number",
    ["", "123456789", "099985001234", "003085001234", "000085001234", "05108500123", "0510850012345",
     "05108500123a", " 51085001234", "051085001234\n", "0510850012３4"],
)  # fmt: skip
def test_bad_citizen_ids(number: str) -> None:
    assert not is_citizen_id(number)


@pytest.mark.parametrize(
    "code", ["000.00.00.H48", "000.01.60.H48", "H48", "H48.02", "H48.02.123", "H48.02.123.45", "G09"]
)
def test_good_agency_codes(code: str) -> None:
    assert is_agency_code(code)


@pytest.mark.parametrize(
    "code",
    ["", "H48_02", "h48", "H4", "H48.", "H48.1", "H48.1234", "H48.02.03.04.05", "000.00.H48",
     "0000.00.00.H48", "000.00.00.48H", "000.00.00.H48\n", " H48"],
)  # fmt: skip
def test_bad_agency_codes(code: str) -> None:
    assert not is_agency_code(code)


@pytest.mark.parametrize(
    "code",
    ["000.00.53.H48-220921-0099", "H48.02-261001-0123", "H48-240229-00001a", "H48.02.123-261231-ABCD"],
)  # fmt: skip
def test_good_dossier_codes(code: str) -> None:
    assert is_dossier_code(code)
    assert dossier_date(code) is not None


@pytest.mark.parametrize(
    "code",
    ["", "000.00.02.H48/261001/123", "000.00.02.H48-261001-012", "000.00.02.H48-260229-0123",
     "000.00.02.H48-261301-0123", "000.00.02.H48-261000-0123", "000.00.02.H48-2610010123",
     "000.00.02.H48-20261001-0123", "000.00.02.H48-261001-01 3", "H48-261001-0123-", "-261001-0123"],
)  # fmt: skip
def test_bad_dossier_codes(code: str) -> None:
    assert not is_dossier_code(code)


LEGACY = (
    "NguyÔn V¨n ¸nh", "TrÇn ThÞ Hång", "Lª Hoµng", "Ph¹m V¨n §øc", "Hoµng Thuú D\u00ad¬ng",
    "§Æng B¸ L·m", "Bïi ThÞ T©m", "Hå S¬n", "Vò Quang H¶i", "§inh V¨n ViÖt", "C«ng ty",
    "Nguyeãn Vaên AÙnh", "Traàn Thò Hoàng", "Leâ Hoaøng", "Phaïm Vaên Ñöùc", "Huyønh Thò Döông",
    "Ñaëng Baù Laõm", "Buøi Thò Taâm", "Ñoã Quoác Vieät", "NGUYEÃN VAÊN AÙNH", "Coâng ty",
    "Uûy ban nhaân daân",
)  # fmt: skip
DAMAGED = (
    "Nguyá»…n VÄƒn An", "Trá»‹nh Thá»\u008b HoÃ ", "LÃª VÄ\x83n BÃ¬nh", "Ä\x90áº·ng Há»¯u PhÆ°á»›c", "PHáº M",
    "CÃ´ng ty", "nhÃ", "hÃ²a", "TÃ”N Tháº¤T", "DÆ°Æ¡ng", "Ä‘Æ°á»\u009dng", "CÅ©", "mÂ²", "30Â°C", "â€œtrÃch lá»¥câ€",
    "LeÌ‚ VaÌ†n", "ï»¿Há»", "Nguyá»\u0085n", "HÆ¡n", "Báº£o",
    "Nguy?n V?n An", "Nguy?n", "NGUY?N V?N AN", "Tr??ng Ti?u h?c", "Ph?m Th? H?ng", "C?p gi?y ch?ng nh?n", "H?i,",
    "(H?i)", "TrÃ\u00a0 Vinh", "HÃ\u00a0ng", "HÃ\u00a0 Giang", "HÆ\u00a0N", "AnÂ\u00a0Khang",
    "Nguy\ufffdn", "\ufffd\\x4e6775", "UBND x? B?nh S?n",
)  # fmt: skip
UNICODE = (
    "https://dichvucong.gov.vn/ho-so?id=5", "dvc.quangngai.gov.vn/tra-cuu?ma=H48&to=a", "www.x.vn?m=1", "trang?id=5",
    "Có đúng không?", "Hồ sơ đâu? chưa nộp", "Đủ chưa?Chưa", "được không?xin", "Sao?", "Ai?!", "(?)", "? ? ?", "a ? b",
    "UBND “XÃ”", "CẤP XÃ–HUYỆN", "XÃ…", "XÃ²", "‘XÃ’ và “TỔ”", "XÃ’ ĐỨC", "«Đá»", "«Đá»…", "LÊ VĂN Â", "40°C", "50 €",
    "MÌ ‘Quảng’", "1.000 m³", "½ suất", "Tỷ lệ ≥ 95 %", "H’Mông", "“Ô”", "Nguyễn…", "Mã – số", "•Mục", "Tên™",
    "Nguyễn Văn\u00a0An", "\u00a0UBND XÃ\u00a0TRÀ BỒNG\u00a0", "xã\u00a0Trà Bồng", "5\u00a0°C", "50\u00a0%", "«\u00a0Đá\u00a0»",
    "Nguyễn Văn Ánh", "Đăk Hà", "Ngọk Réo", "KRoong", "Đắk Tờ Re", "Rờ Kơi", "ĐĂK TÔ", "KON RẪY",
    "H'Hen Niê", "Y Kơ Bkrông", "Hoà Bình", "hoá đơn", "Khoẻ", "THUÝ HOÀ", "Nguyễn Thị Hoà", "Quách",
    "VĂN ÂN", "Ỷ Lan", "Ô Môn", "Thuỷ", "uý", "Thị HoaÝ", "Phùng", "Lũ",
    "Müller", "François", "Zoë", "Søren", "Ångström", "Håkan", "José María", "Mª José", "Raphaël",
    "Aïcha", "Anaïs", "Héloïse", "Seán O'Brien", "João Leão", "Raúl Núñez", "Strauß", "Björn",
    "Łukasz", "Benoît", "Çelik", "Oceânia", "Le Goût du Vin", "Citroën", "Saá", "Gal·la",
    "Société «Vie»", "©2020 ABC", "¡Hola!", "5°C", "m²", "Noël", "Loïc", "Ðorđe", "Þór", "Ægir",
)  # fmt: skip


@pytest.mark.parametrize("text", LEGACY + DAMAGED)
def test_legacy_encoding_is_found(text: str) -> None:
    assert is_legacy_encoded(text)


@pytest.mark.parametrize("text", UNICODE)
def test_unicode_is_left_alone(text: str) -> None:
    assert not is_legacy_encoded(text)


def test_no_text_of_the_reference_data_looks_like_a_legacy_encoding() -> None:
    texts = {unit["name_vi"] for code in ("01", "48", "51", "66", "68") for unit in read_units(code)}
    for path in get_settings().reference_dir.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            texts.update(cell for row in csv.reader(file) for cell in row)
    assert len(texts) > 2_000
    spellings = {spelling for text in texts for spelling in (text, text.upper(), text.lower())}
    assert [text for text in spellings if is_legacy_encoded(text)] == []


@given(
    st.text(
        "aAeEiIoOuUyYôÔöÖ lLnNcMgh?./=·ª«»©®€‚ƒ†‰‘’“”•™š›…"
        + "".join(map(chr, [0xFFFD, *range(0x80, 0x100)])),
        max_size=8,
    )
)
def test_the_quick_look_misses_nothing(text: str) -> None:
    import re

    if is_legacy_encoded(text):
        assert re.search(SUSPICIOUS, text)


@pytest.mark.parametrize(
    ("text", "stands_for_insurance"),
    [
        ("DN4797512345678", True),
        ("dn4797512345678", True),
        ("5107012345", True),
        ("051085001234", True),
        ("510701234", False),
        ("099085001234", False),  # of no province
        ("4797512345678", False),
        ("DN479751234567", False),
        ("BH123", False),
    ],
)
def test_health_insurance_has_three_kinds_of_numbers(text: str, stands_for_insurance: bool) -> None:
    assert is_health_insurance_number(text) == stands_for_insurance
