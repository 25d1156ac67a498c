// A photo's own page: the heat map in the photo's place, suggestions of breeds, and what
// resembles the photo, which comes when the page is there.

import { enhance } from "./breed-picker.js";
import { showLost } from "./lost.js";

for (const input of document.querySelectorAll("[data-breeds]")) enhance(input);
showLost(document);

const look = document.getElementById("look");
if (look) heat(look);
const related = document.getElementById("related");
if (related?.dataset.wait) relate(related);

// What was said is said once, and not again when the page is loaded anew.
const address = new URL(location.href);
if (address.searchParams.has("said")) {
  address.searchParams.delete("said");
  history.replaceState(history.state, "", address);
}

// The arrows turn the page, where nothing else has a use for them.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const turn = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (turn) document.querySelector(`a[rel="${turn}"]`)?.click();
});

/** Shows the heat map where the photo was, and the photo again.
 * @param {HTMLAnchorElement} look That leads to the heat map. */
function heat(look) {
  const frame = document.getElementById("picture");
  const photo = frame.querySelector("img");
  const caption = document.getElementById("caption");
  const word = look.textContent;
  const map = document.createElement("img");
  map.className = "heat";
  map.alt = look.dataset.alt;
  let isOn = false;

  look.setAttribute("role", "button");
  look.setAttribute("aria-pressed", "false");
  look.addEventListener("click", toggle);
  look.addEventListener("keydown", (event) => {
    if (event.key === " ") toggle(event);
  });

  /** @param {Event} event */
  async function toggle(event) {
    event.preventDefault();
    if (frame.getAttribute("aria-busy") === "true") return;
    if (isOn) {
      map.replaceWith(photo);
      show(false, "");
      return;
    }
    frame.setAttribute("aria-busy", "true");
    caption.textContent = look.dataset.wait;
    try {
      if (!map.complete || !map.naturalWidth) map.src = look.href;
      await map.decode();
      photo.replaceWith(map);
      show(true, look.dataset.more);
    } catch {
      map.removeAttribute("src"); // so that it is asked for anew
      show(false, look.dataset.failed);
    }
    frame.removeAttribute("aria-busy");
  }

  /** @param {boolean} on
   * @param {string} said */
  function show(on, said) {
    isOn = on;
    caption.textContent = said;
    look.textContent = on ? look.dataset.off : word;
    look.setAttribute("aria-pressed", String(on));
  }
}

/** Brings what resembles the photo into its page.
 * @param {HTMLElement} part With a link to it. */
async function relate(part) {
  const link = part.querySelector("a");
  part.replaceChildren(part.dataset.wait);
  part.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("related");
    if (!found) throw new Error("no list");
    part.replaceWith(document.adoptNode(found));
    showLost(found);
  } catch {
    part.removeAttribute("aria-busy");
    part.replaceChildren(part.dataset.failed, " ", link);
  }
}
