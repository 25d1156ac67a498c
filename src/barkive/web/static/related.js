// What comes into a page once that is there, because it takes a moment to be found.

import { showLost } from "./lost.js";

/** Brings the part `related` of another page in the place of a link to it, where there is one. */
export async function relate() {
  const part = document.getElementById("related");
  if (!part?.dataset.wait) return;
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
