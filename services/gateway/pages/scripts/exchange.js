// A part of the page is exchanged for a newer one; whoever goes by keyboard stays at the same link or button.
const exchange = (function () {
  "use strict";

  const like = (element) => element.getAttribute("href") || element.name || element.textContent.trim();

  return function exchange(part, fresh) {
    const held = part.contains(document.activeElement) ? document.activeElement : null;
    part.replaceWith(fresh);
    if (!held) return;
    const same = [...fresh.querySelectorAll(held.tagName)].find((element) => like(element) === like(held));
    if (same) same.focus({ preventScroll: true });
  };
})();
