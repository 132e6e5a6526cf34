"""Numbers as the vendors' systems write them."""


def vietnamese_number(value: float, decimals: int) -> str:
    """A number as `1.234,56`."""
    return f"{value:,.{decimals}f}".translate(str.maketrans(",.", ".,"))


def vietnamese_count(value: int) -> str:
    """A whole number as `1.234`."""
    return f"{value:,}".replace(",", ".")
