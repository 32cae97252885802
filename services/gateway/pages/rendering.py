"""Templates into pages: Jinja with autoescape, one environment for each language."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.gateway.pages.assets import Assets
from services.gateway.pages.frame import Frame
from services.gateway.pages.language import Speech, speeches

TEMPLATES = Path(__file__).parent / "templates"


class Renderer:
    """Renders every template in every language; templates are compiled once."""

    def __init__(self, assets: Assets) -> None:
        self.assets = assets
        self.speeches = speeches()
        loader = FileSystemLoader(TEMPLATES)
        self._environments = {
            language: _environment(loader, speech, assets) for language, speech in self.speeches.items()
        }

    def page(self, template: str, frame: Frame, **view: object) -> str:
        """A whole page. A template that names something the view does not have fails."""
        environment = self._environments[frame.speech.language]
        return environment.get_template(template).render(frame=frame, **view)


def beginning(text: str) -> str:
    """Words as they begin a line: "Сегодня", "17 November"."""
    return text[:1].upper() + text[1:]


def _environment(loader: FileSystemLoader, speech: Speech, assets: Assets) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(
        t=speech.say, reason=speech.reason, span=speech.span, language=speech.language, assets=assets
    )
    environment.filters.update(
        day_month=speech.day_month,
        weekday=speech.weekday,
        weekday_short=speech.weekday_short,
        full_day=speech.full_day,
        clock=speech.clock,
        nearby=speech.nearby,
        beginning=beginning,
    )
    return environment
