// The review: keys, and the next photo without a new page.

import { BoxEditor } from "./box-editor.js";
import { Boxes } from "./boxes.js";
import { enhance } from "./breed-picker.js";
import { keysAreOn, offerKeys } from "./keys.js";
import { showLost } from "./lost.js";

let busy = false;

begin();

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

/** Sends an answer, and puts what comes back in the place of this page.
 * @param {SubmitEvent} event */
async function send(event) {
  const form = event.currentTarget;
  if ("leaves" in form.dataset) return; // sets a cookie, or leads to another page
  event.preventDefault();
  if (busy) return; // a second press is meant for the photo that it was pressed at
  busy = true;
  const review = document.getElementById("review");
  review.classList.add("busy");
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form, event.submitter)),
    });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("review");
    if (!next) throw new Error(answer.statusText);
    review.replaceWith(document.adoptNode(next));
    begin();
    // So that a reader hears what is new, and the keys work at once.
    const main = document.getElementById("content");
    (document.querySelector("[aria-invalid=true]") ?? main).focus({ preventScroll: true });
    const choices = document.getElementById("choices");
    if (!choices && matchMedia("(max-width: 56rem)").matches) scrollTo({ top: 0 });
    else (choices ?? document.getElementById("saved"))?.scrollIntoView({ block: "nearest" });
    busy = false;
  } catch (error) {
    busy = false;
    if (error instanceof TypeError) {
      lose(review); // the photo stays, and can be answered once the server is there again
      return;
    }
    form.removeEventListener("submit", send);
    form.requestSubmit(event.submitter); // the browser says what is wrong
  }
}

/** Says that there is no answer from the server.
 * @param {HTMLElement} review */
function lose(review) {
  review.classList.remove("busy");
  const notice = document.getElementById("lost") ?? document.createElement("p");
  notice.id = "lost";
  notice.className = "notice bad";
  notice.setAttribute("role", "alert");
  notice.textContent = review.dataset.offline;
  review.prepend(notice);
}

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
