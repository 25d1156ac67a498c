// The page on which something is done with selected photos: suggestions of breeds.

import { enhance } from "./breed-picker.js";
import { showLost } from "./lost.js";

for (const input of document.querySelectorAll("[data-breeds]")) enhance(input);
showLost(document);
