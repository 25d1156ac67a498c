// Shows how far a job is that counts photos, as the server tells it.

import { filled, follow } from "./job.js";

const page = document.getElementById("job");
const texts = JSON.parse(page.dataset.texts);

follow(page, texts.lost, (job) => {
  const progress = document.getElementById("progress");
  progress.max = Math.max(job.total, 1);
  progress.value = job.done;
  const count = document.getElementById("count");
  const text = job.packing ? texts.packed : texts.done;
  count.textContent = job.total ? filled(text, job.total, { done: job.done }) : "";
});
