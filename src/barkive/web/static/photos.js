// The gallery: filters that fold away, and the list that goes on as one scrolls.

import { enhance } from "./breed-picker.js";
import { endless } from "./endless.js";
import { foldFilters } from "./filters.js";
import { showLost } from "./lost.js";
import { selectable } from "./selection.js";

foldFilters();

const sheet = document.getElementById("export");
/** @param {boolean} focus Whether the focus goes back to what opens it. */
function fold(focus) {
  sheet.open = false;
  if (focus) sheet.querySelector("summary").focus();
}
document.addEventListener("click", (event) => {
  if (sheet?.open && !sheet.contains(event.target)) fold(false);
});
sheet?.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && sheet.open) fold(true);
});
sheet?.addEventListener("focusout", (event) => {
  if (event.relatedTarget && !sheet.contains(event.relatedTarget)) fold(false);
});

for (const input of document.querySelectorAll("[data-breeds]")) enhance(input);
showLost(document);

const list = document.getElementById("list");
if (list) selectable(list);
if (list && Number(list.dataset.total) > Number(list.dataset.chunk)) endless(list);
// Back from a photo's page: the browser gives its tile the focus, once it is in its place.
document.querySelector(".tile :target")?.scrollIntoView({ block: "center" });
