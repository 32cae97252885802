// Improves pages that work without it: notices as they appear, fresh cells of the open week, printing.
(function () {
  "use strict";

  const news = document.getElementById("news");
  const badge = document.getElementById("unread");

  document.querySelectorAll(".needs-script").forEach((element) => (element.hidden = false));
  document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => window.print()));

  // A slip that lies over the page goes away on Escape and on a press beside it.
  const closeSlips = (except) =>
    document.querySelectorAll('details[name="lesson"][open]').forEach((slip) => (slip.open = slip === except));
  document.addEventListener("keydown", (event) => event.key === "Escape" && closeSlips(null));
  document.addEventListener("click", (event) => closeSlips(event.target.closest('details[name="lesson"]')));

  if (!news || !window.EventSource || !window.fetch) return;

  const SHOWN_MS = 12000;
  const AFTER_TROUBLE_MS = 15000;
  let stream = null;
  let lastSeen = "";
  let hiding = 0;
  let reviving = 0;

  // --- what a notice changes on the page ---

  function tell(notice) {
    const key = (notice.kind || "").toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
    const words = { pupil: notice.pupil_name, subject: notice.subject_title, mark: notice.mark, before: notice.previous_mark };
    const sentence = news.dataset[key] || news.dataset.other;
    news.replaceChildren(...sentence.split(/\{(\w+)\}/).map((part, place) => (place % 2 ? ofSchool(words[part]) : part)));
    clearTimeout(hiding);
    hiding = setTimeout(() => (news.textContent = ""), SHOWN_MS);
  }

  // What schools write is Russian, whatever the language of the page.
  function ofSchool(word) {
    const span = document.createElement("span");
    span.lang = "ru";
    span.textContent = word || "";
    return span;
  }

  function count(more) {
    const number = Number(badge.dataset.count) + more;
    badge.dataset.count = String(number);
    badge.querySelector("b").textContent = String(number);
    badge.hidden = number === 0;
  }

  // The region of the page that a notice concerns, if it is open.
  function concerned(notice) {
    const region = document.querySelector("[data-live]");
    if (!region || region.dataset.live !== "week") return region;
    const { pupil, first, last } = region.dataset;
    const here = notice.pupil_id === pupil && first <= notice.lesson_date && notice.lesson_date <= last;
    return here ? region : null;
  }

  // The server renders; here only the region is exchanged, with what was unfolded kept unfolded.
  async function refresh(region) {
    const answer = await fetch(location.pathname + location.search, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector(`[data-live="${region.dataset.live}"]`);
    if (!fresh || !region.isConnected) return;
    const open = [...region.querySelectorAll("details")].map((details) => details.open);
    fresh.querySelectorAll("details").forEach((details, place) => (details.open = Boolean(open[place])));
    exchange(region, fresh);
    const freshBadge = page.getElementById("unread");
    if (freshBadge) {
      badge.dataset.count = freshBadge.dataset.count;
      count(0);
    }
  }

  function receive(event) {
    const notice = JSON.parse(event.data).notice;
    if (!notice) return;
    if (event.lastEventId) {
      if (event.lastEventId === lastSeen) return;
      lastSeen = event.lastEventId;
    }
    tell(notice);
    count(1);
    const region = concerned(notice);
    if (region) refresh(region).catch(() => undefined);
  }

  // --- the stream: open while the page is seen, so that many tabs and sleeping phones hold none ---

  function open() {
    if (stream || document.hidden) return;
    stream = new EventSource("/v1/me/notices:watch");
    stream.onmessage = receive;
    stream.onerror = () => {
      // The browser itself reconnects after a lost connection; it gives up after a refusal.
      if (stream && stream.readyState === EventSource.CLOSED) {
        close();
        reviving = setTimeout(open, AFTER_TROUBLE_MS);
      }
    };
  }

  function close() {
    clearTimeout(reviving);
    if (stream) stream.close();
    stream = null;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return close();
    open();
    const region = document.querySelector("[data-live]");
    if (region) refresh(region).catch(() => undefined);
  });
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", open);
  open();
})();
