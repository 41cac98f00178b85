"""The style sheet of an operator's colors: it replaces custom properties of `static/site.css`."""

from quantimodo.model.brand import Brand, Palette


def brand_style(brand: Brand) -> str:
    """The CSS of both themes; "" for the shipped colors."""
    if brand.light is None or brand.dark is None:
        return ""
    return (
        f":root {{\n{_properties(brand.light, focus=brand.light.accent)}}}\n\n"
        "@media (prefers-color-scheme: dark) {\n"
        f":root {{\n{_properties(brand.dark, focus=brand.dark.deep)}}}\n}}\n"
    )


def _properties(palette: Palette, *, focus: str) -> str:
    values = {
        "accent": palette.accent,
        "accent-deep": palette.deep,
        "on-accent": palette.on_accent,
        "tint": palette.tint,
        "on-tint": palette.on_tint,
        "focus": focus,
    }
    return "".join(f"  --{name}: {value};\n" for name, value in values.items())
