// Shows how far a scan is, as the server tells it.

import { filled, follow } from "./job.js";

const page = document.getElementById("scan");
const lang = document.documentElement.lang;
const texts = JSON.parse(page.dataset.texts);
const part = (id) => document.getElementById(id);

follow(page, texts.lost, show);

/** @param {any} scan */
function show(scan) {
  if (part("state").textContent !== texts.states[scan.state]) {
    part("state").textContent = texts.states[scan.state];
  }
  part("progress").max = Math.max(scan.total, 1);
  part("progress").value = scan.done;
  part("done").textContent = filled(texts.done, scan.total, { done: scan.done });
  part("rate").textContent = scan.rate ? `· ${filled(texts.rate, Math.round(scan.rate))}` : "";
  part("left").textContent = scan.seconds_left ? `· ${left(scan.seconds_left)}` : "";
  for (const number of document.querySelectorAll("[data-status]")) {
    number.textContent = scan.statuses[number.dataset.status].toLocaleString(lang);
  }
  part("failures").hidden = !scan.failed.length;
  const list = document.querySelector(".failures");
  for (const one of scan.failed.slice(list.children.length)) {
    const line = document.createElement("li");
    const file = document.createElement("span");
    file.className = "path";
    file.textContent = one.file;
    const reason = document.createElement("span");
    reason.className = "soft";
    reason.textContent = one.error;
    line.append(file, " ", reason);
    list.append(line);
  }
}

/** @param {number} seconds */
function left(seconds) {
  return seconds < 90 ? filled(texts.seconds, seconds) : filled(texts.minutes, Math.round(seconds / 60));
}
