// The suggested groups: keys, and the next one without a new page.

import { keysAreOn, offerKeys } from "./keys.js";
import { showLost } from "./lost.js";
import { saidOnce } from "./said-once.js";

const REST = 1000;
let busy = false;

begin();
saidOnce();

/** Makes the part of the page that is there now work. */
function begin() {
  const part = document.getElementById("suggestions");
  showLost(part);
  offerKeys();
  for (const form of part.querySelectorAll("form")) form.addEventListener("submit", send);
  if ("running" in part.dataset) setTimeout(look, REST);
}

/** The suggestions, in order. */
function all() {
  return [...document.querySelectorAll(".suggestion")];
}

/** The one that keys are for: that with the focus, or else the first. */
function current() {
  return document.activeElement?.closest(".suggestion") ?? all()[0];
}

/** Puts the same part of another page in the place of this one.
 * @param {Response} answer */
async function show(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.getElementById("suggestions");
  if (!next) throw new Error(answer.statusText);
  document.getElementById("suggestions").replaceWith(document.adoptNode(next));
  begin();
}

/** Looks how far the looking is. */
async function look() {
  try {
    await show(await fetch(location.href));
  } catch {
    setTimeout(look, 3 * REST);
  }
}

/** @param {SubmitEvent} event */
async function send(event) {
  event.preventDefault();
  if (busy) return; // a second press is meant for the suggestion that it was pressed at
  busy = true;
  const form = event.currentTarget;
  const place = Math.max(0, all().indexOf(form.closest(".suggestion")));
  const part = document.getElementById("suggestions");
  part.classList.add("busy");
  try {
    await show(
      await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form, event.submitter)),
      }),
    );
    const wrong = document.querySelector("#suggestions [aria-invalid=true], #suggestions .notice.bad");
    const left = all();
    const next = wrong?.closest(".suggestion") ?? left[Math.min(place, left.length - 1)];
    (wrong?.matches("input") ? wrong : (next ?? document.getElementById("content"))).focus();
    busy = false;
  } catch (error) {
    busy = false;
    if (error instanceof TypeError) {
      lose(part);
      return;
    }
    form.removeEventListener("submit", send);
    form.requestSubmit(event.submitter); // the browser says what is wrong
  }
}

/** Says that there is no answer from the server.
 * @param {HTMLElement} part */
function lose(part) {
  part.classList.remove("busy");
  const notice = document.getElementById("lost") ?? document.createElement("p");
  notice.id = "lost";
  notice.className = "notice bad";
  notice.setAttribute("role", "alert");
  notice.textContent = part.dataset.offline;
  part.prepend(notice);
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "Escape" && typing) {
    event.target.closest(".suggestion")?.focus();
    return;
  }
  if (typing || !keysAreOn()) return;
  const key = event.key.toLowerCase();
  const step = { j: 1, k: -1 }[key];
  if (step) {
    const list = all();
    const isIn = document.activeElement?.closest(".suggestion");
    const next = isIn ? list[list.indexOf(isIn) + step] : list[0];
    next?.focus();
    return;
  }
  const button =
    key === "u"
      ? document.querySelector("#said button")
      : current()?.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (button) {
    event.preventDefault();
    button.click();
  }
});
