// A photo's own page: the heat map in the photo's place, and suggestions of breeds.

import { enhance } from "./breed-picker.js";
import { showLost } from "./lost.js";

for (const input of document.querySelectorAll("[data-breeds]")) enhance(input);
showLost(document);

const look = document.getElementById("look");
const frame = document.getElementById("picture");
const image = frame.querySelector("img");
const caption = document.getElementById("caption");
const photo = { src: image.src, text: look?.textContent };

look?.setAttribute("role", "button");
look?.setAttribute("aria-pressed", "false");
look?.addEventListener("click", toggle);
look?.addEventListener("keydown", (event) => {
  if (event.key === " ") toggle(event);
});

/** @param {Event} event */
async function toggle(event) {
  event.preventDefault();
  const on = look.getAttribute("aria-pressed") === "true";
  frame.setAttribute("aria-busy", "true");
  image.classList.remove("lost");
  image.src = on ? photo.src : look.href;
  image.classList.toggle("heat", !on);
  try {
    await image.decode();
  } catch {
    image.classList.add("lost");
  }
  frame.removeAttribute("aria-busy");
  caption.textContent = on ? "" : look.dataset.more;
  caption.hidden = on;
  look.textContent = on ? photo.text : look.dataset.off;
  look.setAttribute("aria-pressed", String(!on));
}
