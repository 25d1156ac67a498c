// The page of photos that show the same: how far looking for them is, and pictures that are lost.

import "./counted-job.js";
import { showLost } from "./lost.js";

showLost(document);
