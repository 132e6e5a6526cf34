"""What each kind of rule demands, in Vietnamese.

In:  an expectation's type and arguments, and the Vietnamese titles of its columns.
Out: a sentence. Data Docs, the catalogue of rules and the expectations' own renderers take it from here.

Great Expectations is not imported, so that the catalogue can be written in a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from string import Template
from types import MappingProxyType
from typing import Any

_MANY = 12

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "expect_administrative_unit_to_be_valid_on": (
            "$column_A phải là mã đang có hiệu lực vào ngày ở $column_B"
        ),
        "expect_change_from_last_period_to_be_between": (
            "$total phải bằng $min_ratio đến $max_ratio lần kỳ liền trước đã có trong kho, theo $keys"
        ),
        "expect_citizen_id_to_match_birth_date": "năm sinh ghi trong $column_A phải là năm của $column_B",
        "expect_citizen_id_to_match_sex": "giới tính ghi trong $column_A phải khớp với $column_B",
        "expect_column_pair_values_a_to_be_greater_than_b": "$column_A phải $comparison $column_B",
        "expect_column_value_to_be_present": "$column_A phải có giá trị ở nguồn",
        "expect_column_value_to_be_readable": (
            "$column_A phải ghi đúng định dạng của hợp đồng dữ liệu, hệ thống đọc được"
        ),
        "expect_column_values_to_be_agency_code": (
            "$column phải là mã định danh cơ quan theo QĐ 20/2020/QĐ-TTg hoặc QĐ 09/2025/QĐ-TTg"
        ),
        "expect_column_values_to_be_between": "$column phải $range",
        "expect_column_values_to_be_citizen_id": (
            "$column phải là số định danh cá nhân: 12 chữ số, ba số đầu là mã tỉnh đăng ký khai sinh"
        ),
        "expect_column_values_to_be_date_text": "$column phải viết theo mẫu $formats và là ngày, kỳ có thật",
        "expect_column_values_to_be_dossier_code": (
            "$column phải là mã hồ sơ theo TT 01/2018/TT-VPCP: mã cơ quan, ngày có thật (NNTTNN), số thứ tự"
        ),
        "expect_column_values_to_be_health_insurance_number": (
            "$column phải là mã số thẻ bảo hiểm y tế (hai chữ cái và 13 chữ số), mã số BHXH (10 chữ số) "
            "hoặc số định danh cá nhân (12 chữ số)"
        ),
        "expect_column_values_to_be_in_set": "$column phải thuộc $value_set",
        "expect_column_values_to_be_nfc": "$column phải ở dạng Unicode dựng sẵn (NFC)",
        "expect_column_values_to_be_number_text": "$column phải viết số theo mẫu $format",
        "expect_column_values_to_be_phone_number": (
            "$column phải là số điện thoại: di động 10 số, hoặc cố định đầu 0255, 0260; "
            "có thể viết +84 thay số 0"
        ),
        "expect_column_values_to_be_procedure_code": (
            "$column phải là mã thủ tục hành chính, ví dụ 1.004194 hoặc 1.004194.000.00.00.H48"
        ),
        "expect_column_values_to_be_social_insurance_number": "$column phải là mã số BHXH gồm 10 chữ số",
        "expect_column_values_to_be_tax_code": (
            "$column phải là mã số thuế: 10 chữ số đúng số kiểm tra, thêm -001 đến -999 nếu là chi nhánh, "
            "hoặc số định danh cá nhân"
        ),
        "expect_column_values_to_match_regex": "$column phải đúng mẫu $regex",
        "expect_column_values_to_not_be_in_set": "$column không được thuộc $value_set",
        "expect_column_values_to_not_be_legacy_encoded": (
            "$column phải là chữ Unicode nguyên vẹn: không còn dấu vết của bảng mã TCVN3, VNI, "
            "không đọc nhầm bảng mã, không mất chữ thành dấu hỏi"
        ),
        "expect_column_values_to_not_be_null": "$column phải có giá trị",
        "expect_columns_to_be_readable": (
            "$others phải ghi đúng định dạng của hợp đồng dữ liệu, hệ thống đọc được"
        ),
        "expect_dossier_code_date_to_match": "ngày ghi trong $column_A phải là ngày của $column_B",
        "expect_indicator_value_to_be_possible": "$total phải nằm trong khoảng có thể có, theo $parts",
        "expect_on_time_flag_to_match": (
            "cờ $total phải khớp với kết quả tính: kết thúc không muộn hơn hạn (cộng thời gian bổ sung), "
            "bổ sung không quá một lần"
        ),
        "expect_parts_to_sum_to_total": "$total phải bằng tổng của $parts",
        "expect_sector_code_to_be_in_version": (
            "$column_A phải là mã ngành có trong hệ thống ngành kinh tế Việt Nam của phiên bản ở $column_B"
        ),
        "expect_share_to_match_parts": "$total phải bằng $scale × $parts",
        "expect_table_columns_to_match_set": "bảng phải có đủ các cột của hợp đồng dữ liệu",
        "expect_tax_code_to_be_of_form": "$column phải có dạng $forms",
    }
)
"""By type; `$name` stands for an argument of the expectation or for what `sentence` makes of several."""

_FORMS = {
    "enterprise": "mã số doanh nghiệp (10 chữ số)",
    "branch": "mã chi nhánh (10 chữ số và -001 đến -999)",
    "citizen": "số định danh cá nhân (12 chữ số)",
}
_OPERATORS = {
    "==": "là", "!=": "khác", "IN": "thuộc", "NOT_IN": "không thuộc", ">": "lớn hơn", ">=": "từ",
    "<": "nhỏ hơn", "<=": "không quá",
}  # fmt: skip
_TECHNICAL = {"_repeat": "mức trùng khoá", "_unreadable": "danh sách ô không đọc được"}
_DATE_FORMATS = {"%d": "dd", "%Y": "yyyy", "%m": "MM", "%q": "quý", "%H": "HH", "%M": "mm", "%S": "ss"}


def sentence(kind: str, kwargs: Mapping[str, Any], titles: Mapping[str, str] | None = None) -> str:
    """What a rule demands.

    Args:
        kind: the expectation's type.
        kwargs: its arguments; parameters may still stand in for values.
        titles: Vietnamese title by column; a column without one is called by its name.

    Raises:
        KeyError: there is no sentence for the type.
    """
    words = {key: _word(key, value, titles or {}) for key, value in kwargs.items()}
    columns = [_title(name, titles or {}) for name in kwargs.get("column_list", ())]
    if columns:
        divides = kind == "expect_share_to_match_parts"
        words |= {
            "total": columns[0],
            "keys": ", ".join(columns[1:]),
            "others": ", ".join(columns[:-1]),
            "parts": " / ".join(columns[1:]) if divides else " + ".join(columns[1:]),
        }
        words.setdefault("scale", "100")
    words["range"] = _range(kwargs)
    words["comparison"] = "không nhỏ hơn" if kwargs.get("or_equal") else "lớn hơn"
    if kwargs.get("column") == "_repeat":
        return "Mỗi khoá chỉ được có một nội dung"
    text = Template(SENTENCES[kind]).safe_substitute(words)
    if condition := kwargs.get("row_condition"):
        text += f", khi {_condition(condition, titles or {})}"
    return text[0].upper() + text[1:]


def _title(name: str, titles: Mapping[str, str]) -> str:
    return _TECHNICAL.get(name) or f"“{titles.get(name, name)}”"


def _word(key: str, value: Any, titles: Mapping[str, str]) -> str:
    if key in ("column", "column_A", "column_B"):
        return _title(str(value), titles)
    if key == "forms":
        return " hoặc ".join(_FORMS[form] for form in value)
    if key == "formats":
        return " hoặc ".join(_date_format(str(one)) for one in value)
    if isinstance(value, list):
        return _list(value)
    return _value(value)


def _date_format(name: str) -> str:
    for token, shown in _DATE_FORMATS.items():
        name = name.replace(token, shown)
    return name


def _list(values: list[Any]) -> str:
    if len(values) > _MANY:
        return f"danh mục dùng chung ({len(values)} mã, ví dụ {_value(values[0])})"
    return f"danh mục {', '.join(_value(value) for value in values)}"


def _range(kwargs: Mapping[str, Any]) -> str:
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None:
        return f"không quá {_value(high)}"
    return f"từ {_value(low)} trở lên" if high is None else f"từ {_value(low)} đến {_value(high)}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        name = value.get("$PARAMETER", "")
        return "ngày của đêm nạp" if str(name).startswith("as_of") else f"tham số {name}"
    if isinstance(value, datetime):
        return f"{value:%d/%m/%Y %H:%M}"
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}".replace(",", " ").replace(".", ",").replace(" ", ".")
    return str(value)


def _condition(condition: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    if condition["type"] in ("and", "or"):
        joint = " và " if condition["type"] == "and" else " hoặc "
        return joint.join(_condition(part, titles) for part in condition["conditions"])
    column = _title(condition["column"]["name"], titles)
    if condition["type"] == "nullity":
        return f"{column} {'trống' if condition['is_null'] else 'có giá trị'}"
    parameter = condition["parameter"]
    values = parameter if isinstance(parameter, list) else [parameter]
    return f"{column} {_OPERATORS[condition['operator']]} {', '.join(_value(value) for value in values)}"
