// Improves forms that work without it: passwords that can be seen and are judged while they are typed, waiting
// that counts down, a page that notices what was done in another window.
(function () {
  "use strict";

  const token = document.querySelector('meta[name="csrf-token"]');
  const JUDGE_AFTER_MS = 350;
  const LOOK_EVERY_MS = 4000;

  // What became of a form that was sent is where its reader goes on, unless the page leads them into a field.
  const told = document.querySelector("main [role=alert], main .message-good[role=status]");
  if (told && !location.hash && !document.querySelector("[autofocus]")) {
    told.tabIndex = -1;
    told.focus();
  }

  // A password that can be looked at need not be typed twice.
  document.querySelectorAll(".without-script").forEach((element) => element.remove());

  document.querySelectorAll("[data-show]").forEach((button) => {
    const input = document.getElementById(button.dataset.show);
    const labels = [button.textContent, button.dataset.hideLabel];
    const show = (shown) => {
      input.type = shown ? "text" : "password";
      button.textContent = labels[Number(shown)];
      button.setAttribute("aria-pressed", String(shown));
    };
    button.addEventListener("click", () => {
      show(input.type === "password");
      input.focus();
    });
    // What is sent as text, browsers would offer to complete later.
    input.form.addEventListener("submit", () => show(false));
  });

  // --- a new password is judged ---

  document.querySelectorAll("[data-judge]").forEach((part) => {
    if (!token || !window.fetch) return;
    const input = part.querySelector('[autocomplete="new-password"]');
    const told = part.querySelector("[role=status]");
    const strength = part.querySelector("[data-strength]");
    const rules = [...part.querySelectorAll("[data-rule]")];
    const words = strength.querySelector("[data-words]");
    let waiting = 0;
    let asked = 0;

    function tell(judgement) {
      const broken = new Set(judgement ? judgement.broken_rules : []);
      rules.forEach((rule) => {
        rule.classList.toggle("is-broken", broken.has(rule.dataset.rule));
        rule.classList.toggle("is-met", Boolean(judgement) && !broken.has(rule.dataset.rule));
        rule.querySelectorAll(".sr-only").forEach((word) => word.remove());
      });
      told.className = judgement && broken.size ? "wrong" : judgement ? "right" : "hint";
      told.textContent = judgement ? (broken.size ? told.dataset.broken : told.dataset.good) : "";
      if (judgement && !broken.size) input.removeAttribute("aria-invalid");
      strength.hidden = !judgement;
      if (!judgement) return;
      strength.dataset.strength = String(judgement.strength);
      words.textContent = words.dataset.words.split("|")[judgement.strength];
    }

    async function judge() {
      const number = ++asked;
      if (!input.value) return tell(null);
      const answer = await fetch(part.dataset.judge, {
        method: "POST",
        credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-CSRF-Token": token.content },
        body: JSON.stringify({ password: input.value }),
      });
      if (number === asked) tell(answer.ok ? await answer.json() : null);
    }

    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => judge().catch(() => tell(null)), JUDGE_AFTER_MS);
    });
  });

  // --- a button that has to wait says how long ---

  document.querySelectorAll("button[data-wait]").forEach((button) => {
    const label = button.textContent;
    const ready = Date.now() + Number(button.dataset.wait) * 1000;
    const tick = () => {
      const left = Math.ceil((ready - Date.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? button.dataset.waitLabel.replace("{n}", String(left)) : label;
      if (left > 0) setTimeout(tick, 1000);
    };
    tick();
  });

  // --- what was done elsewhere shows here, and nothing that is being typed is lost ---

  const watched = document.querySelector("[data-watch]");
  if (!watched || !window.fetch) return;
  let before = watched.dataset.state;
  let looking = 0;

  async function changed() {
    const typing = [...document.querySelectorAll("main input:not([type=hidden])")].some((input) => input.value);
    if (!typing) return location.assign(watched.dataset.page);
    const answer = await fetch(watched.dataset.page, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-watch]");
    if (!fresh) return location.assign(watched.dataset.page);
    watched.replaceChildren(...fresh.childNodes);
  }

  async function look() {
    clearTimeout(looking);
    if (document.hidden) return;
    const answer = await fetch(watched.dataset.watch, { credentials: "same-origin" });
    // Not signed in any more, or nothing left to watch: the next press tells.
    if (answer.status >= 400 && answer.status < 500) return;
    const reply = answer.ok ? await answer.json() : {};
    const now = reply.activation ? `${reply.activation.next_step} ${reply.activation.email_confirmed}` : before;
    if (now !== before) await changed();
    before = now;
    looking = setTimeout(again, LOOK_EVERY_MS);
  }

  function again() {
    look().catch(() => (looking = setTimeout(again, LOOK_EVERY_MS)));
  }

  document.addEventListener("visibilitychange", again);
  again();
})();
