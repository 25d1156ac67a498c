// Shows how far a scan is, as the server tells it.

const page = document.getElementById("scan");
const lang = document.documentElement.lang;
const texts = JSON.parse(page.dataset.texts);
const lost = document.getElementById("lost");
const part = (id) => document.getElementById(id);

if (page.dataset.ended === "no") {
  const events = new EventSource(page.dataset.events);
  events.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  events.addEventListener("open", () => {
    lost.hidden = true;
  });
  events.addEventListener("error", () => {
    // The browser tries again by itself, unless the server knows no such scan.
    if (events.readyState === EventSource.CLOSED) location.reload();
    lost.textContent = texts.lost;
    lost.hidden = false;
  });
  events.addEventListener("end", () => {
    events.close();
    location.reload(); // what came of it, with all that can be done then
  });
}

/** @param {any} scan */
function show(scan) {
  if (part("state").textContent !== texts.states[scan.state]) {
    part("state").textContent = texts.states[scan.state];
  }
  part("progress").max = Math.max(scan.total, 1);
  part("progress").value = scan.done;
  part("done").textContent = filled("done", scan.total, { done: scan.done });
  part("rate").textContent = scan.rate ? `· ${filled("rate", Math.round(scan.rate))}` : "";
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
  return seconds < 90 ? filled("seconds", seconds) : filled("minutes", Math.round(seconds / 60));
}

/** @param {string} key
 * @param {number} n
 * @param {Record<string, number>} values */
function filled(key, n, values = {}) {
  const form = texts[key][n === 1 || (lang === "fr" && n === 0) ? "one" : "other"];
  const shown = { n, ...values };
  return form.replace(/\{(\w+)\}/g, (_, name) => shown[name].toLocaleString(lang));
}
