// Everything works without this file. It names the time zone, says that a form
// is on its way, and replaces text by what a reload would show.
"use strict";
document.documentElement.classList.add("js");

(function zone() {
  let name = "";
  try { name = Intl.DateTimeFormat().resolvedOptions().timeZone || ""; } catch { return; }
  const secure = location.protocol === "https:";
  const cookie = (secure ? "__Host-" : "") + "zone";
  if (name && !document.cookie.includes(cookie + "=" + name)) {
    document.cookie = cookie + "=" + name + "; Path=/; Max-Age=31536000; SameSite=Lax" + (secure ? "; Secure" : "");
  }
})();

// A form that makes us ask another server may take a while.
for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", () => {
    for (const button of form.querySelectorAll(".button")) button.classList.add("busy");
    const working = document.getElementById("working");
    if (working) working.hidden = false;
  });
}
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll(".busy")) button.classList.remove("busy");
  const working = document.getElementById("working");
  if (working) working.hidden = true;
});

for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());

// A text to be taken elsewhere: without a clipboard it is selected instead.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const word = button.textContent;
  button.addEventListener("click", async () => {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try { await navigator.clipboard.writeText(field.value); } catch { return; }
    button.textContent = button.dataset.copied;
    button.setAttribute("aria-live", "polite");
    setTimeout(() => { button.textContent = word; }, 4000);
  });
}

const problem = document.getElementById("problem");
if (problem) problem.focus();

// Live text: an event says only that the page would look different now.
(function live() {
  const main = document.getElementById("content");
  if (!main || !main.dataset.live || !window.EventSource) return;
  let busy = false, again = false;

  function busyHere() {
    const at = document.activeElement;
    return at && main.contains(at) && at !== main && at.matches("input, select, textarea, summary, button, a");
  }
  function replace(page) {
    const next = page.getElementById("content");
    if (!next) return;
    if (next.dataset.shape !== main.dataset.shape || !next.dataset.live) {
      if (busyHere()) {
        const news = document.getElementById("news");
        if (news) news.hidden = false;
        return;
      }
      main.replaceChildren(...next.childNodes);
      main.dataset.shape = next.dataset.shape || "";
      document.title = page.title;
      if (!next.dataset.live) { stream.close(); delete main.dataset.live; }
      return;
    }
    document.title = page.title;
    for (const old of main.querySelectorAll("[data-text]")) {
      const fresh = next.querySelector("#" + CSS.escape(old.id));
      if (fresh && fresh.innerHTML !== old.innerHTML && !old.contains(document.activeElement)) {
        old.replaceChildren(...fresh.childNodes);
      }
    }
  }
  async function look() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", headers: { Accept: "text/html" } });
      if (answer.ok) replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch { /* the next event looks again */ }
    setTimeout(() => { busy = false; if (again) { again = false; look(); } }, 1500);
  }
  const stream = new EventSource(main.dataset.live);
  // The first event, too: much may have happened since the page was made.
  stream.addEventListener("look", look);
  window.addEventListener("pagehide", () => stream.close());
})();
