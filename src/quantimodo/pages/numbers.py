"""How a number is told to a person: with all its digits, as far as they are meant."""


def number(value: float) -> str:
    """As in `72.5` and `1234567`; twelve digits hide the dust of binary fractions."""
    return f"{value:.12g}"
