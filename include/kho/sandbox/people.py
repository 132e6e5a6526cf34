"""Applicants: pools of Vietnamese names, citizen ids and enterprises with valid tax codes.

In:  the sandbox's seed.
Out: `ApplicantPool`, from which dossiers draw by index; the same seed gives the same pool.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from kho.sandbox.clocks import Ints, as_ints
from kho.sandbox.seeding import generator

_SURNAMES = {
    "Nguyễn": 34, "Trần": 11, "Lê": 9, "Phạm": 8, "Huỳnh": 6, "Võ": 6, "Phan": 5, "Trương": 4,
    "Bùi": 4, "Đặng": 3, "Đỗ": 3, "Ngô": 2, "Hồ": 3, "Dương": 1, "Đinh": 5, "Tạ": 1, "Lý": 1,
    "Cao": 1, "Châu": 1, "Lương": 1, "Mai": 1, "Tôn": 1, "Tiêu": 1, "Thới": 1, "Kiều": 1,
}  # fmt: skip
_MALE_MIDDLES = ("Văn", "Đức", "Quốc", "Minh", "Hữu", "Công", "Thanh", "Xuân", "Ngọc", "Tấn", "")
_MALE_GIVEN = (
    "An", "Bình", "Cường", "Dũng", "Đạt", "Hải", "Hiếu", "Hòa", "Hùng", "Huy", "Khánh", "Khoa",
    "Lâm", "Long", "Mạnh", "Nam", "Nghĩa", "Phong", "Phúc", "Quân", "Sơn", "Tài", "Thắng", "Thịnh",
    "Tiến", "Toàn", "Trung", "Tuấn", "Việt", "Vũ",
)  # fmt: skip
_FEMALE_MIDDLES = ("Thị", "Thị Thu", "Thị Ngọc", "Thị Kim", "Ngọc", "Thanh", "Phương", "Bích", "Mỹ")
_FEMALE_GIVEN = (
    "Ánh", "Bích", "Chi", "Dung", "Duyên", "Giang", "Hà", "Hạnh", "Hằng", "Hiền", "Hoa", "Hồng",
    "Hương", "Lan", "Liên", "Linh", "Loan", "Mai", "My", "Nga", "Ngân", "Nhung", "Oanh", "Phượng",
    "Quyên", "Tâm", "Thảo", "Thúy", "Trang", "Tuyết", "Vân", "Xuân", "Yến",
)  # fmt: skip
# Names of the highlands have no surname of this kind: "A" for men, "Y" for women.
_HIGHLAND_GIVEN = (
    "Brol", "Đôn", "Hlan", "Hnhi", "Lưu", "Thút", "Blưn", "Khiêm", "Hlôih", "Nhương", "Brưu", "Đai",
)  # fmt: skip
_COMPANY_FORMS = ("Công ty TNHH", "Công ty TNHH MTV", "Công ty Cổ phần", "Doanh nghiệp tư nhân")
_COMPANY_TRADES = (
    "Xây dựng", "Thương mại và Dịch vụ", "Nông sản", "Thủy sản", "Vận tải", "Cơ khí", "Du lịch",
    "Công nghệ", "Dược phẩm", "Vật liệu xây dựng", "Chế biến gỗ", "May mặc",
)  # fmt: skip
_COMPANY_NAMES = (
    "Sông Trà", "Thiên Ấn", "Dung Quất", "Lý Sơn", "Sa Huỳnh", "Măng Đen", "Ngọc Linh", "Đăk Bla",
    "Trà Khúc", "Cẩm Thành", "Hoàng Gia", "Thành Công", "Đại Phát", "Minh Long", "An Khang",
)  # fmt: skip

# Province of birth registration → share in percent: Quảng Ngãi, Kon Tum, neighbours, others.
_BIRTH_PROVINCES = {51: 58, 62: 24, 49: 5, 48: 3, 52: 4, 64: 2, 1: 2, 79: 2}
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_TAX_PREFIXES = ("43", "61", "03")
_NAMES_EACH = 4000
_HIGHLAND_NAMES = 300
_ENTERPRISES = 3000


@dataclass(frozen=True, slots=True)
class ApplicantPool:
    """Names of men first, then women; enterprises with their tax codes side by side."""

    men: tuple[str, ...]
    women: tuple[str, ...]
    enterprises: tuple[str, ...]
    tax_codes: tuple[str, ...]


@cache
def applicant_pool(seed: int) -> ApplicantPool:
    """Build the pool of this seed."""
    random = generator(seed, "applicants")
    names, codes = _enterprises(random)
    return ApplicantPool(
        men=_people(random, _MALE_MIDDLES, _MALE_GIVEN, "A"),
        women=_people(random, _FEMALE_MIDDLES, _FEMALE_GIVEN, "Y"),
        enterprises=names,
        tax_codes=codes,
    )


def citizen_ids(random: np.random.Generator, count: int) -> tuple[Ints, Ints]:
    """Citizen ids as numbers (12 digits once padded), and 1 where the person is a woman."""
    provinces = list(_BIRTH_PROVINCES)
    shares = np.array(list(_BIRTH_PROVINCES.values())) / sum(_BIRTH_PROVINCES.values())
    province = random.choice(provinces, count, p=shares)
    woman = random.integers(0, 2, count)
    birth_year = random.integers(1948, 2008, count)
    century = np.where(birth_year >= 2000, 2, 0) + woman
    serial = random.integers(1, 1_000_000, count)
    ids = ((province * 10 + century) * 100 + birth_year % 100) * 1_000_000 + serial
    return as_ints(ids), as_ints(woman)


def tax_code(first_nine: int) -> str | None:
    """The ten digits of a tax code, or none where the remainder is one that is never issued."""
    digits = f"{first_nine:09d}"
    weighted = sum(weight * int(digit) for weight, digit in zip(_TAX_WEIGHTS, digits, strict=True))
    check = 10 - weighted % 11
    return f"{digits}{check}" if 0 <= check <= 9 else None


def _people(
    random: np.random.Generator, middles: tuple[str, ...], given: tuple[str, ...], highland: str
) -> tuple[str, ...]:
    shares = np.array(list(_SURNAMES.values())) / sum(_SURNAMES.values())
    surnames = random.choice(list(_SURNAMES), _NAMES_EACH, p=shares)
    parts = zip(
        surnames,
        random.choice(middles, _NAMES_EACH),
        random.choice(given, _NAMES_EACH),
        strict=True,
    )
    lowland = [" ".join(str(part) for part in name if part) for name in parts]
    uplands = [f"{highland} {name}" for name in random.choice(_HIGHLAND_GIVEN, _HIGHLAND_NAMES).tolist()]
    return tuple(lowland + uplands)


def _enterprises(random: np.random.Generator) -> tuple[tuple[str, ...], tuple[str, ...]]:
    codes: dict[str, None] = {}
    while len(codes) < _ENTERPRISES:
        prefix = _TAX_PREFIXES[int(random.choice(3, p=[0.6, 0.3, 0.1]))]
        code = tax_code(int(f"{prefix}{int(random.integers(0, 10_000_000)):07d}"))
        if code is not None:
            codes[code] = None
    names = [
        f"{form} {trade} {name}"
        for form, trade, name in zip(
            random.choice(_COMPANY_FORMS, _ENTERPRISES).tolist(),
            random.choice(_COMPANY_TRADES, _ENTERPRISES).tolist(),
            random.choice(_COMPANY_NAMES, _ENTERPRISES).tolist(),
            strict=True,
        )
    ]
    return tuple(names), tuple(codes)
