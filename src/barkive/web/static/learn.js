// Shows how far a learning is, as the server tells it.

import { filled, follow } from "./job.js";

const page = document.getElementById("learn");
const texts = JSON.parse(page.dataset.texts);
const part = (id) => document.getElementById(id);

follow(page, texts.lost, (job) => {
  if (part("state").textContent !== texts.states[job.state]) {
    part("state").textContent = texts.states[job.state];
  }
  part("progress").max = Math.max(job.total, 1);
  part("progress").value = job.done;
  const isCounted = job.state === "judging" && job.total;
  part("done").textContent = isCounted ? filled(texts.done, job.total, { done: job.done }) : "";
});
