// The journal by keyboard and by touch: each cell saves itself, says so, and never loses what was typed.
(function () {
  "use strict";

  const journal = document.getElementById("journal");
  const token = document.querySelector('meta[name="csrf-token"]');
  if (!journal || !token || !window.fetch) return;

  const say = journal.dataset;
  const scale = say.scale.split("|");
  const pad = document.getElementById("pad");
  const inputs = [...journal.querySelectorAll(".cell-input")];
  const SAVING_MS = 10000;
  // A finger has the pad: the keyboard of the screen comes only when it is asked for.
  const byFinger = window.matchMedia("(hover: none)").matches;
  let active = null;

  const filled = (sentence, words) => sentence.replace(/\{(\w+)\}/g, (_, name) => words[name]);
  const rowOf = (input) => input.closest(".row");
  // Typed in capitals or with Latin letters of the same look, it is still the school's mark.
  const ALIKE = { a: "а", c: "с", e: "е", h: "н", k: "к", m: "м", o: "о", p: "р", t: "т", x: "х", y: "у" };
  const folded = (text) => text.trim().toLowerCase().replace(/[a-z]/g, (letter) => ALIKE[letter] || letter);
  function typed(input) {
    const wish = folded(input.value);
    return scale.find((mark) => folded(mark) === wish) || input.value.trim();
  }

  function state(row, className, text, button) {
    const place = row.querySelector(".row-state");
    place.textContent = "";
    if (!text) return;
    const line = document.createElement("p");
    line.className = "row-message " + className;
    line.setAttribute("role", className === "is-bad" ? "alert" : "status");
    line.append(text, " ");
    if (button) {
      const control = document.createElement("button");
      control.type = "button";
      control.className = "quiet";
      control.textContent = button.text;
      control.addEventListener("click", button.press);
      line.append(control);
    }
    place.append(line);
  }

  function show(row, mark, version) {
    row.dataset.mark = mark;
    row.dataset.version = String(version);
    row.querySelectorAll("[name=based_on_version]").forEach((field) => (field.value = String(version)));
    row.querySelectorAll(".chips .chip").forEach((chip) => chip.classList.toggle("is-set", chip.value === mark));
  }

  // One request to the API; the same key when repeated, so that nothing is done twice.
  async function send(path, key, body) {
    const answer = await fetch(`/v1/lessons/${say.lesson}/${path}`, {
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "Idempotency-Key": key, "X-CSRF-Token": token.content },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout ? AbortSignal.timeout(SAVING_MS) : undefined,
    });
    const content = await answer.json().catch(() => ({}));
    return { ok: answer.ok, status: answer.status, content };
  }

  const wishKey = () => (crypto.randomUUID ? crypto.randomUUID() : fallbackKey());
  function fallbackKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  // --- saving one cell ---

  async function save(input, wish, key = wishKey()) {
    const row = rowOf(input);
    const before = row.dataset.mark;
    if (wish === before) return state(row, "", "");
    // A row saves one wish after another: the next is based on what the one before came to.
    if (row.saving) {
      row.next = wish === row.wish ? undefined : wish;
      return undefined;
    }
    row.saving = true;
    row.wish = wish;
    input.removeAttribute("aria-invalid");
    state(row, "", say.saving);
    const body = { pupil_id: row.dataset.pupil, based_on_version: row.dataset.version };
    if (wish) body.text = wish;
    let outcome = null;
    try {
      outcome = await send(wish ? "marks" : "marks:remove", key, body);
    } catch (error) {
      outcome = null;
    }
    row.saving = false;
    settle(input, wish, before, key, outcome);
    if (row.next !== undefined) {
      const next = row.next;
      row.next = undefined;
      if (outcome && outcome.ok) await save(input, next);
    }
    return undefined;
  }

  function settle(input, wish, before, key, outcome) {
    const row = rowOf(input);
    const again = { text: say.again, press: () => save(input, wish, key) };
    if (!outcome || outcome.status >= 500) return state(row, "is-bad", say.failed, again);
    if (outcome.ok) {
      show(row, outcome.content.mark.text, outcome.content.mark.version);
      if (document.activeElement !== input || input.value.trim() === "") input.value = row.dataset.mark;
      if (wish) return state(row, "is-good", say.saved);
      const undo = { text: filled(say.undo, { mark: before }), press: () => put(input, before) };
      return state(row, "", filled(say.removed, { mark: before }), undo);
    }
    input.setAttribute("aria-invalid", "true");
    if (outcome.status === 401) return state(row, "is-bad", say.signedOut, again);
    if (outcome.content.reason === "STALE_MARK") return stale(input, wish);
    if (outcome.content.reason === "UNKNOWN_MARK") {
      return state(row, "is-bad", filled(say.unknown, { scale: scale.join(", ") }));
    }
    return state(row, "is-bad", outcome.content.title || say.failed, again);
  }

  // Somebody was faster: show what stands there now, and say that the wish was not written.
  async function stale(input, wish) {
    const row = rowOf(input);
    const answer = await fetch(`/v1/lessons/${say.lesson}`, { credentials: "same-origin" }).catch(() => null);
    if (!answer || !answer.ok) return state(row, "is-bad", say.failed);
    const lesson = await answer.json();
    const present = lesson.rows.find((one) => one.pupil_id === row.dataset.pupil);
    if (!present) return state(row, "is-bad", say.failed);
    show(row, present.mark, present.mark_version);
    input.value = present.mark;
    input.removeAttribute("aria-invalid");
    const now = present.mark ? filled(say.present, { mark: present.mark }) : say.presentNone;
    const refused = wish ? " " + filled(say.notWritten, { mark: wish }) : "";
    const insist = wish && { text: filled(say.insist, { mark: wish }), press: () => put(input, wish) };
    return state(row, "is-bad", now + refused, insist);
  }

  function put(input, mark) {
    input.value = mark;
    return save(input, mark);
  }

  // --- moving through the class ---

  function step(input, by) {
    const next = inputs[inputs.indexOf(input) + by];
    if (next) {
      next.focus();
      next.select();
    } else if (by > 0) {
      save(input, typed(input));
    }
  }

  function key(event) {
    const input = event.target;
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      step(input, 1);
    } else if (event.key === "ArrowUp") {
      event.preventDefault();
      step(input, -1);
    } else if (event.key === "Escape") {
      input.value = rowOf(input).dataset.mark;
      input.removeAttribute("aria-invalid");
      state(rowOf(input), "", "");
    }
  }

  inputs.forEach((input) => {
    if (byFinger) input.inputMode = "none";
    input.addEventListener("keydown", key);
    input.addEventListener("focus", () => {
      active = input;
      pad.hidden = false;
    });
    input.addEventListener("blur", () => {
      if (typed(input) !== rowOf(input).dataset.mark) save(input, typed(input));
    });
  });
  if (!inputs.length) return;

  journal.classList.add("is-live");
  journal.querySelectorAll(".cell").forEach((form) => form.addEventListener("submit", (event) => event.preventDefault()));

  // The buttons inside a row do without loading the page as well.
  journal.querySelectorAll(".chips").forEach((form) =>
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      put(rowOf(form).querySelector(".cell-input"), event.submitter.value);
    }),
  );

  // A touch on the pad marks the pupil whose cell is open and goes on to the next one.
  pad.addEventListener("pointerdown", (event) => event.preventDefault());
  pad.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-mark], [data-keyboard]");
    if (!chip || !active) return;
    const input = active;
    if ("keyboard" in chip.dataset) {
      input.inputMode = "text";
      input.blur();
      input.focus();
      return;
    }
    put(input, chip.dataset.mark);
    if (chip.dataset.mark) step(input, 1);
  });

  // Leaving with something unsaved is asked about once.
  window.addEventListener("beforeunload", (event) => {
    const unsaved = inputs.some((input) => rowOf(input).saving || typed(input) !== rowOf(input).dataset.mark);
    if (unsaved) event.preventDefault();
  });
})();
