// An animal's own page, and those around it: lists under fields, how many photos are selected,
// and the animals that look like it.

import { enhance } from "./breed-picker.js";
import { showLost } from "./lost.js";
import { relate } from "./related.js";
import { saidOnce } from "./said-once.js";

for (const input of document.querySelectorAll("[data-breeds], [data-animals]")) enhance(input);
showLost(document);
relate();
saidOnce();

const views = document.getElementById("views");
const selected = document.getElementById("selected");
if (views && selected) {
  const count = () => {
    const n = views.querySelectorAll("[name=photo]:checked").length;
    selected.textContent = n ? `(${n})` : "";
  };
  views.addEventListener("change", count);
  count();
}
