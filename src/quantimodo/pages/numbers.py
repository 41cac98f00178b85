"""Numbers for people: all significant digits, without rounding errors of binary fractions."""


def number(value: float) -> str:
    """As in `72.5` and `1234567`; rounded to twelve significant digits."""
    return f"{value:.12g}"
