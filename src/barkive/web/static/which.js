// Which of our dogs is this: the photo stays in sight while it is looked for.

import { showLost } from "./lost.js";

showLost(document);
const form = document.getElementById("send");
const files = document.getElementById("files");
const preview = document.getElementById("preview");
files?.addEventListener("change", () => {
  if (preview.src) URL.revokeObjectURL(preview.src);
  preview.hidden = !files.files.length;
  if (files.files.length) preview.src = URL.createObjectURL(files.files[0]);
});
preview?.addEventListener("error", () => {
  preview.hidden = true; // a form that browsers don't show, which Barkive reads
});
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const part = document.getElementById("matches");
  const button = form.querySelector("button");
  button.disabled = true;
  say(part, form.dataset.looking, "status", "");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("matches");
    if (!found) throw new Error(page.querySelector("main p")?.textContent ?? answer.statusText);
    part.replaceWith(document.adoptNode(found));
    showLost(found);
    document.getElementById("found")?.focus();
  } catch (error) {
    const isLost = error instanceof TypeError;
    say(part, isLost ? form.dataset.offline : error.message, "alert", "notice bad");
  }
  button.disabled = false;
});

/** @param {HTMLElement} part
 * @param {string} text
 * @param {string} role
 * @param {string} look */
function say(part, text, role, look) {
  const line = document.createElement("p");
  line.className = look;
  line.setAttribute("role", role);
  line.textContent = text;
  part.replaceChildren(line);
}
