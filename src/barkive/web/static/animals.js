// The animals: filters that fold away, and the list that goes on as one scrolls.

import { enhance } from "./breed-picker.js";
import { endless } from "./endless.js";
import { foldFilters } from "./filters.js";
import { showLost } from "./lost.js";

foldFilters();
for (const input of document.querySelectorAll("[data-breeds]")) enhance(input);
showLost(document);

const list = document.getElementById("list");
if (list && Number(list.dataset.total) > Number(list.dataset.chunk)) endless(list);
document.querySelector(".tile :target")?.scrollIntoView({ block: "center" });
