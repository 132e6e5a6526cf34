"""Tax codes of simulated entities: the same for the same number, and no two alike.

In:  an entity's number. Out: its kind and its code: ten digits, ten and -001, or a citizen id.
"""

from functools import cache
from itertools import islice

from kho.sandbox.people import tax_code

_BLOCK = 20
_ENTERPRISES = 13
# Position in the block of twenty from which on entities are of a kind.
_KINDS = ((13, "DN"), (15, "CN"), (19, "HKD"), (20, "CNKD"))
_FIRST = 430_100_000
_BIRTH_PROVINCES = ("051", "051", "051", "062", "049")
_CODES_AT_ONCE = 5_000


def entity_type(number: int) -> str:
    """DN enterprise, CN branch, HKD household business, CNKD individual."""
    return next(kind for end, kind in _KINDS if number % _BLOCK < end)


def entity_code(number: int, salt: int) -> str:
    """The tax code of an entity."""
    parent = parent_code(number)
    if parent is not None:
        return f"{parent}-{number % _BLOCK - _ENTERPRISES + 1:03d}"
    if entity_type(number) == "DN":
        return _enterprise_code(number)
    # The serial number makes each one a person of its own.
    birth = f"{salt % 2}{50 + salt % 49:02d}"
    return f"{_BIRTH_PROVINCES[salt % len(_BIRTH_PROVINCES)]}{birth}{number + 1:06d}"


def parent_code(number: int) -> str | None:
    """The enterprise that a branch belongs to; none for everything else."""
    if entity_type(number) != "CN":
        return None
    return _enterprise_code(number - number % _BLOCK)


def _enterprise_code(number: int) -> str:
    block, position = divmod(number, _CODES_AT_ONCE)
    return _codes(block)[position]


@cache
def _codes(block: int) -> tuple[str, ...]:
    """Codes with a check digit; numbers whose check digit is never issued are left out."""
    # One number in eleven has no code, so a block never reaches into the next.
    first = _FIRST + block * 2 * _CODES_AT_ONCE
    found = (code for number in range(first, first + 2 * _CODES_AT_ONCE) if (code := tax_code(number)))
    return tuple(islice(found, _CODES_AT_ONCE))
