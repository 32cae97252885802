"""What a person with a screen reader, a finger or a narrow screen would stumble over on a page."""

from __future__ import annotations

from typing import Final

from playwright.async_api import Page

_FINGER: Final = 44
"""The least height of what a finger presses, in CSS pixels (WCAG 2.5.5)."""


async def stumbles(page: Page, *, finger: bool) -> list[str]:
    """What is not named, labelled, in order or within the screen; what people read that is for programs.

    ``finger``: what is pressed has to be large enough, too.
    """
    found: list[str] = await page.evaluate(_LOOK, _FINGER if finger else 0)
    return found


_LOOK: Final = """(finger) => {
  const seen = (element) => element.checkVisibility({visibilityProperty: true});
  const found = [];
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth) {
    found.push(`scrolls sideways: ${document.documentElement.scrollWidth}`);
  }
  if (document.querySelectorAll("h1").length !== 1) found.push("not exactly one h1");
  if (document.querySelectorAll("main").length !== 1) found.push("not exactly one main");
  if (!["ru", "en"].includes(document.documentElement.lang)) found.push("no language");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  ids.filter((id, place) => ids.indexOf(id) !== place).forEach((id) => found.push(`twice: #${id}`));
  for (const control of document.querySelectorAll("input:not([type=hidden]), textarea, select")) {
    if (!control.labels.length) found.push(`no label: ${control.name}`);
  }
  const typed = "input:is([type=text], [type=email], [type=tel], [type=password])";
  for (const input of document.querySelectorAll(typed)) {
    if (!input.autocomplete) found.push(`completed by guess: ${input.name}`);
  }
  for (const relation of ["aria-labelledby", "aria-describedby", "aria-controls"]) {
    for (const element of document.querySelectorAll(`[${relation}]`)) {
      const named = element.getAttribute(relation).split(" ");
      named.filter((id) => !ids.includes(id)).forEach((id) => found.push(`${relation} of nothing: #${id}`));
    }
  }
  for (const control of document.querySelectorAll("[aria-invalid=true]")) {
    const group = control.closest("fieldset[aria-describedby]") || control;
    const told = (group.getAttribute("aria-describedby") || "").split(" ");
    const reasons = told.map((id) => document.getElementById(id)).filter(Boolean);
    if (!reasons.some((reason) => reason.matches(".message-bad, .wrong, .row-state, .rules"))) {
      found.push(`wrong, and not said why: ${control.name}`);
    }
  }
  document.querySelectorAll("[tabindex]").forEach((element) => {
    if (element.tabIndex > 0) found.push(`out of order: ${element.outerHTML.slice(0, 80)}`);
  });
  const ways = [...document.querySelectorAll("nav")].map(
    (nav) => nav.getAttribute("aria-label") || nav.getAttribute("aria-labelledby"));
  ways.forEach((way, place) => {
    if (!way || ways.indexOf(way) !== place) found.push(`which nav: ${way}`);
  });
  for (const control of document.querySelectorAll("button, a")) {
    const name = control.getAttribute("aria-label") || control.innerText || control.textContent;
    if (seen(control) && !name.trim()) found.push(`no name: ${control.outerHTML.slice(0, 80)}`);
  }
  const pressed = "button, .button, input:not([type=hidden]), textarea, summary";
  for (const control of document.querySelectorAll(pressed)) {
    // A round or a square is pressed by the line that it stands in.
    const target = (control.matches("[type=radio], [type=checkbox]") && control.closest("label")) || control;
    const height = target.getBoundingClientRect().height;
    if (finger && seen(control) && height < finger) {
      found.push(`${height} px high: ${control.outerHTML.slice(0, 80)}`);
    }
  }
  const headings = [...document.querySelectorAll("h1, h2, h3, h4")].filter(seen);
  const levels = headings.map((heading) => Number(heading.tagName[1]));
  levels.forEach((level, place) => {
    if (level > (levels[place - 1] || 0) + 1) found.push(`a heading is left out before an h${level}`);
  });
  const filled = "main :is(p, li, dd, dt, h1, h2, h3, legend, label):not([role=status])";
  for (const line of document.querySelectorAll(filled)) {
    if (seen(line) && !line.textContent.trim() && !line.querySelector("img, svg, input, progress, i")) {
      found.push(`nothing in it: ${line.outerHTML.slice(0, 80)}`);
    }
  }
  const lines = document.createRange();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const words = text.textContent.trim();
    const element = text.parentElement;
    if (!words || !seen(element) || element.closest("script, style, code")) continue;
    lines.selectNodeContents(text);
    if (words.length > 12 && lines.getClientRects().length > words.length / 4) {
      found.push(`squeezed: ${words.slice(0, 60)}`);
    }
    if (words.includes("canary")) continue;  // what a test plants among the words of people
    if (/[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(words)) found.push(`for machines: ${words.slice(0, 60)}`);
    if (/%[(]|\\bNone\\b|\\bundefined\\b/.test(words)) found.push(`not filled in: ${words.slice(0, 60)}`);
  }
  return found;
}"""
