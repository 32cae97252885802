from __future__ import annotations

import gzip
import re

import pytest
from starlette.requests import Request

from services.gateway.pages.assets import Assets
from services.gateway.pages.rendering import TEMPLATES

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", re.IGNORECASE)
FOREIGN = re.compile(r"(?:src|href|url\()\s*=?\s*[\"'(]?(?:https?:)?//", re.IGNORECASE)
ASSETS = Assets()


def request(name: str, accept_encoding: str = "") -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": f"/assets/{name}",
            "path_params": {"name": name},
            "headers": [(b"accept-encoding", accept_encoding.encode())],
            "query_string": b"",
        }
    )


async def test_a_file_under_its_hash_is_kept_for_a_year() -> None:
    answer = await ASSETS.serve(request(ASSETS.style.name))

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.body == ASSETS.style.body


async def test_a_file_is_sent_compressed_to_who_can_read_that() -> None:
    answer = await ASSETS.serve(request(ASSETS.style.name, "gzip, br"))

    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(answer.body)) == ASSETS.style.body


async def test_the_hash_of_another_release_gets_the_present_file_and_does_not_keep_it() -> None:
    answer = await ASSETS.serve(request("site.000000000000.css"))

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["site.css.map", "other.000000000000.css", "..", "live.py"])
async def test_nothing_else_is_served(name: str) -> None:
    assert (await ASSETS.serve(request(name))).status_code == 404


def test_what_a_first_visit_loads_is_small() -> None:
    """R53: slow links. The sum that travels, in bytes."""
    assert len(ASSETS.style.compressed) + len(ASSETS.script.compressed) + len(ASSETS.icon.compressed) < 20_000


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_template_has_anything_inline_or_foreign(path: object) -> None:
    """The content security policy forbids both."""
    text = TEMPLATES.joinpath(str(path)).read_text()

    assert INLINE.findall(text) == []
    assert FOREIGN.findall(text) == []


def test_styles_and_scripts_name_no_other_host() -> None:
    for asset in (ASSETS.style, ASSETS.script):
        assert "//" not in re.sub(r"//[^\n]*$", "", asset.body.decode(), flags=re.MULTILINE).replace(
            "://", "!!"
        )
        assert "://" not in asset.body.decode()


def test_colours_have_names() -> None:
    """Every colour is a token: outside the list of tokens only white, black and their shadows appear."""
    tokens, _, rest = ASSETS.style.body.decode().partition("/* Bare elements. */")
    colours = {colour.lower() for colour in re.findall(r"#[0-9a-fA-F]{3,8}\b", rest)}

    assert "--ink:" in tokens
    assert colours == set()
