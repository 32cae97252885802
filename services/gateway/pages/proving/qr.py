"""A QR code as a drawing in the page: nobody else is asked to draw a secret."""

from __future__ import annotations

from typing import Final

import segno
from markupsafe import Markup

# A screen is neither torn nor stained: the least correction gives the largest modules.
_ERROR_CORRECTION: Final = "l"
# The standard asks for four modules of quiet around the code (ISO/IEC 18004).
_QUIET: Final = 4


def qr_svg(text: str) -> Markup:
    """An SVG element with the classes ``qr`` and ``qr-ink``; sized and coloured by the stylesheet.

    Raises:
        segno.DataOverflowError: the text is longer than a QR code holds, some 1 600 characters.
    """
    drawn = segno.make_qr(text, error=_ERROR_CORRECTION, boost_error=False).svg_inline(
        border=_QUIET, svgclass="qr", lineclass="qr-ink", omitsize=True
    )
    return Markup(drawn)  # noqa: S704 - drawn here from modules: no character of the text is in it
