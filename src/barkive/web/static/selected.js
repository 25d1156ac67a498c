// The page on which something is done with selected photos.

import { enhance } from "./breed-picker.js";
import { showLost } from "./lost.js";
import { DONE } from "./selection.js";

for (const input of document.querySelectorAll("[data-breeds]")) enhance(input);
showLost(document);

// Where this page is shown again, nothing was done yet.
sessionStorage.removeItem(DONE);
for (const form of document.querySelectorAll(".does, #choices form")) {
  form.addEventListener("submit", () => sessionStorage.setItem(DONE, "yes"));
}
