"""The page that shows a person what was sent, and the same as JSON for tests."""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse

from deploy.local.outside.post import Item, PostOffice

_ZONE = ZoneInfo("Europe/Moscow")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
_KINDS = {"mail": "Письмо", "sms": "SMS"}
_STYLE = """
:root { color-scheme: light; --ink: #22303c; --soft: #5b6b78; --line: #d8dfe4; --paper: #fff; --desk: #f3f1ec;
  --mail: #2f5d8a; --sms: #3d7a4f; }
* { box-sizing: border-box }
body { margin: 0; background: var(--desk); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.4rem; margin: 0 }
header { display: flex; gap: 1rem; align-items: baseline; justify-content: space-between; flex-wrap: wrap }
p.note { color: var(--soft); margin: .25rem 0 1.5rem }
article { background: var(--paper); border: 1px solid var(--line); border-left: 4px solid var(--mail);
  border-radius: 4px; padding: .75rem 1rem; margin: 0 0 .75rem }
article.sms { border-left-color: var(--sms) }
article h2 { font-size: 1rem; margin: 0; overflow-wrap: anywhere }
.meta { color: var(--soft); font-size: .875rem; display: flex; gap: .75rem; flex-wrap: wrap }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .5rem 0 0 }
button { font: inherit; min-height: 2.75rem; padding: 0 1rem; border: 1px solid var(--line);
  border-radius: 4px; background: var(--paper); color: var(--ink); cursor: pointer }
button:focus-visible { outline: 3px solid var(--mail); outline-offset: 2px }
"""


class Page:
    """What is shown of the post office."""

    def __init__(self, post: PostOffice) -> None:
        self._post = post

    async def html(self, request: Request) -> HTMLResponse:
        """``GET /``: all of it, newest first."""
        items = "".join(_article(item) for item in reversed(self._post.items()))
        empty = '<p class="note">Пока ничего не пришло. / Nothing has arrived yet.</p>'
        return HTMLResponse(
            '<!doctype html><html lang="ru"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<meta http-equiv="refresh" content="5">'
            f"<title>Почта и SMS</title><style>{_STYLE}</style></head><body><main>"
            "<header><h1>Почта и SMS</h1>"
            '<form method="post" action="/clear"><button>Очистить</button></form></header>'
            '<p class="note">Всё, что регион отправил наружу. Никому из настоящих людей это не ушло.<br>'
            '<span lang="en">Everything the region has sent out. None of it reached a real person.</span></p>'
            f"{items or empty}</main></body></html>",
            headers={
                "Content-Security-Policy": _POLICY,
                "Cache-Control": "no-store",
            },
        )

    async def json(self, request: Request) -> JSONResponse:
        """``GET /messages?to=&after=``: oldest first."""
        after = request.query_params.get("after", "0")
        if not after.isdecimal():
            return JSONResponse({"reason": "BAD_REQUEST"}, status_code=400)
        items = self._post.items(to=request.query_params.get("to", ""), after=int(after))
        return JSONResponse(
            {"messages": [{**asdict(item), "at": item.at.isoformat()} for item in items]},
            headers={"Cache-Control": "no-store"},
        )

    async def clear(self, request: Request) -> RedirectResponse:
        """``POST /clear``."""
        self._post.clear()
        return RedirectResponse("/", status_code=303)


def _article(item: Item) -> str:
    subject = f"<h2>{escape(item.subject)}</h2>" if item.subject else ""
    return (
        f'<article class="{item.kind}"><div class="meta"><span>{_KINDS[item.kind]}</span>'
        f"<span>{escape(item.to)}</span>"
        f'<time datetime="{item.at.isoformat()}">{item.at.astimezone(_ZONE):%H:%M:%S}</time></div>'
        f"{subject}<pre>{escape(item.text)}</pre></article>"
    )
