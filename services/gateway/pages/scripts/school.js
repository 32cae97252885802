// The office: a job's progress as it goes, slips that are not left by accident, deeds that are done once.
(function () {
  "use strict";

  const POLL_MS = 1500;
  const AFTER_TROUBLE_MS = 6000;

  // The heading of an answer on the page itself is where a reader goes on.
  const answer = document.querySelector("[data-focus]");
  if (answer) answer.focus();

  // On a phone the parts of the office are a line to push along: the present one is in sight.
  const present = document.querySelector(".office-nav [aria-current]");
  if (present) {
    const line = present.parentElement;
    line.scrollLeft = present.offsetLeft - line.offsetLeft - (line.clientWidth - present.offsetWidth) / 2;
  }

  // --- a job's progress: the server renders, here only its part of the page is exchanged ---

  async function refresh(part) {
    const reply = await fetch(location.pathname, { credentials: "same-origin" });
    if (!reply.ok || reply.redirected) throw new Error("no progress");
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const fresh = page.getElementById(part.id);
    if (!fresh) throw new Error("no progress");
    const kept = part.querySelector('[role="status"]');
    const told = fresh.querySelector('[role="status"]');
    // What is read aloud is exchanged only when it has changed, so that nobody hears it again and again.
    if (kept && told && kept.textContent === told.textContent) told.replaceWith(kept);
    exchange(part, fresh);
    if (fresh.hasAttribute("data-poll")) watch(fresh, POLL_MS);
  }

  function watch(part, wait) {
    setTimeout(() => {
      if (document.hidden) return watch(part, POLL_MS);
      return refresh(part).catch(() => watch(part, AFTER_TROUBLE_MS));
    }, wait);
  }

  const polled = document.querySelector("[data-poll]");
  if (polled && window.fetch) watch(polled, POLL_MS);

  // --- what is shown once is not left by accident; once it was printed, one may go ---

  const once = document.querySelector("[data-shown-once]");
  if (once && once.querySelector(".slip")) {
    let printed = false;
    window.addEventListener("afterprint", () => (printed = true));
    window.addEventListener("beforeunload", (event) => {
      if (!printed) event.preventDefault();
    });
  }

  // --- a second press would show that the slip was shown, and lose it ---

  document.querySelectorAll("form[data-once-only]").forEach((form) =>
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) return event.preventDefault();
      form.dataset.sent = "yes";
      return undefined;
    }),
  );
  // Come back to by the browser's "back": the form may be sent again.
  window.addEventListener("pageshow", () =>
    document.querySelectorAll("form[data-once-only]").forEach((form) => delete form.dataset.sent),
  );
})();
