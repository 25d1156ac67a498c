// The review: keys, and the next photo without a new page.

import { BoxEditor } from "./box-editor.js";
import { Boxes } from "./boxes.js";
import { enhance } from "./breed-picker.js";
import { keysAreOn, offerKeys } from "./keys.js";
import { showLost } from "./lost.js";

const KEPT = "barkive-review";
// What may reach the server twice and is done once.
const TWICE = new Set(["breed", "cross", "not_dog", "unsure", "skip"]);
// Milliseconds until what was kept is sent again: at first, and at most.
const SOON = 1000;
const LATE = 30_000;

let busy = false;
let retries = 0;
let later = 0;

begin();
resume();

/** Makes the page that is there now work. */
function begin() {
  for (const input of document.querySelectorAll("[data-breeds]")) enhance(input);
  showLost(document);
  offerKeys();
  showBoxes();
  for (const one of document.querySelectorAll("[data-ahead]")) {
    new Image().src = one.href;
  }
  for (const form of document.querySelectorAll("#review form")) {
    form.addEventListener("submit", send);
  }
}

/** Shows where the dogs are, and lets people draw. */
function showBoxes() {
  const frame = document.getElementById("boxed");
  if (!frame) return;
  const { dogs, chosen, texts } = JSON.parse(frame.dataset.boxes);
  const boxes = new Boxes(frame, dogs, texts);
  boxes.choose(chosen);
  const form = document.getElementById("drawing");
  if (form) new BoxEditor(boxes, form);
}

/** Sends what a form says.
 * @param {SubmitEvent} event */
async function send(event) {
  const form = event.currentTarget;
  if ("leaves" in form.dataset) return; // sets a cookie, or leads to another page
  event.preventDefault();
  if (busy) return; // a second press is meant for the photo that it was pressed at
  const said = new URLSearchParams(new FormData(form, event.submitter));
  const told = document.getElementById("review").dataset.kept;
  const answer = { address: form.action, body: String(said), told };
  if (await deliver(answer, TWICE.has(said.get("act")))) return;
  form.removeEventListener("submit", send);
  form.requestSubmit(event.submitter); // the browser says what is wrong
}

/** Sends an answer, and puts what comes back in the place of this page. What does not reach the
 * server is kept and sent again, if it may arrive twice.
 * @param {{address: string, body: string, told: string}} answer
 * @param {boolean} isKept
 * @returns {Promise<boolean>} Whether it was sent or is kept. */
async function deliver(answer, isKept) {
  const review = document.getElementById("review");
  busy = true;
  review.classList.add("busy");
  if (isKept) sessionStorage.setItem(KEPT, JSON.stringify(answer));
  let page, status;
  try {
    const body = new URLSearchParams(answer.body);
    const response = await fetch(answer.address, { method: "POST", body });
    status = response.status;
    page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    status = 0;
  }
  const next = page?.getElementById("review");
  if (next) {
    sessionStorage.removeItem(KEPT);
    retries = 0;
    busy = false;
    put(review, next);
  } else if (status === 401 || page?.querySelector("[type=password]")) {
    lose(review, answer, isKept, true);
  } else if (status === 0 || status === 429 || status >= 500) {
    lose(review, answer, isKept, false);
  } else {
    sessionStorage.removeItem(KEPT);
    busy = false;
    return false;
  }
  return true;
}

/** Shows the page that comes next.
 * @param {HTMLElement} review
 * @param {HTMLElement} next */
function put(review, next) {
  review.replaceWith(document.adoptNode(next));
  begin();
  // So that a reader hears what is new, and the keys work at once.
  const wrong = document.querySelector("[aria-invalid=true]");
  (wrong ?? document.getElementById("content")).focus({ preventScroll: true });
  const asked = document.getElementById("choices") ?? wrong;
  if (!asked && matchMedia("(max-width: 56rem)").matches) next.scrollIntoView();
  else (asked ?? document.getElementById("saved"))?.scrollIntoView({ block: "nearest" });
}

/** Says that an answer has not reached the server, and sends it again later, if it is kept.
 * @param {HTMLElement} review
 * @param {{address: string, body: string, told: string}} answer
 * @param {boolean} isKept
 * @param {boolean} isSignedOut */
function lose(review, answer, isKept, isSignedOut) {
  review.classList.remove("busy");
  busy = isKept; // else the photo stays, and can be answered once the server is there again
  if (isKept) {
    clearTimeout(later);
    later = setTimeout(resume, Math.min(SOON * 2 ** retries, LATE));
    retries += 1;
  }
  const { offline, signedOut, signIn, signInName, again } = review.dataset;
  const text = [isSignedOut ? signedOut : offline, ...(isKept ? [answer.told] : [])].join(" ");
  const before = document.getElementById("lost");
  if (before?.firstChild.textContent === text) return; // readers have heard it
  before?.remove();
  const notice = document.createElement("div");
  notice.id = "lost";
  notice.className = "notice bad";
  const told = notice.appendChild(document.createElement("p"));
  told.setAttribute("role", "alert");
  told.textContent = text;
  if (isSignedOut) {
    const link = notice.appendChild(document.createElement("a"));
    link.href = signIn;
    link.className = "button";
    link.textContent = signInName;
  } else if (isKept) {
    const button = notice.appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = again;
    button.addEventListener("click", resume);
  }
  review.prepend(notice);
  notice.scrollIntoView({ block: "nearest" });
  notice.querySelector("a")?.focus();
}

/** Sends what was kept, here or before somebody signed in again. */
async function resume() {
  clearTimeout(later);
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (kept) await deliver(kept, true);
}

addEventListener("online", resume);
// Somebody else may have the photo at once.
addEventListener("pagehide", () => {
  const session = document.querySelector("[name=session]")?.value;
  const { given, leave } = document.getElementById("review").dataset;
  if (session) navigator.sendBeacon(leave, new URLSearchParams({ session, given }));
});
// Back on a page that was left: another may have its photo by now.
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input:not([type=checkbox]), textarea, select");
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key === "Escape" && typing) {
    event.target.blur();
    return;
  }
  if (typing || !keysAreOn() || document.querySelector(".drawing")) return;
  const key = event.key.toLowerCase();
  if (key === "b") focus(event, "breed");
  else if (key === "x" && document.getElementById("cross")) {
    document.getElementById("cross").open = true;
    focus(event, "breed");
  } else {
    const meant = key === "backspace" ? "u" : key === "arrowright" ? "s" : key;
    const button = document.querySelector(`[data-key="${CSS.escape(meant)}"]:not([hidden])`);
    if (button) {
      event.preventDefault();
      button.click();
    }
  }
});

/** @param {Event} event
 * @param {string} id */
function focus(event, id) {
  const field = document.getElementById(id);
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
}
