"""The renderer of a server, with the operator's brand."""

from quantimodo.app.composition.branding import brand_of
from quantimodo.app.settings.reading import Settings
from quantimodo.pages.assets import Assets
from quantimodo.pages.renderer import Renderer


def renderer_of(settings: Settings) -> Renderer:
    """Reads and compiles the templates, and reads the logo."""
    brand = brand_of(settings)
    return Renderer(Assets.shipped(brand), brand)
