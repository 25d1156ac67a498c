// The first page: takes photos from wherever they come, has each judged, and shows the
// verdict as it arrives. Nothing is kept unless somebody asks for it.

import { Card } from "./verdict-card.js";
import { photosOf } from "./dropped.js";

const page = document.getElementById("identify");
const lang = page.dataset.lang;
const texts = JSON.parse(page.dataset.texts);
const addresses = JSON.parse(page.dataset.addresses);
const results = document.getElementById("results");
const cards = document.getElementById("cards");
const progress = document.getElementById("progress");
const done = document.getElementById("done");

// As many as keep the server busy; it refuses what is too much.
const AT_ONCE = 6;
const BUSY_SECONDS = 1;

/** @type {Card[]} */
let all = [];
/** @type {Card[]} */
let queue = [];
let underWay = 0;
/** How many have which status.
 * @type {Record<string, number>} */
let sums = {};
/** Grows when everything is cleared, so that late answers are not counted. */
let round = 0;

/** Has photos judged.
 * @param {File[]} files */
function take(files) {
  if (!files.length) return;
  if (!all.length) cards.replaceChildren();
  results.hidden = false;
  page.classList.add("has-results");
  const part = document.createDocumentFragment();
  for (const file of files) {
    const card = new Card(file, page, actions);
    all.push(card);
    queue.push(card);
    part.append(card.element);
  }
  cards.append(part);
  count();
  while (underWay < AT_ONCE && queue.length) work();
}

/** Judges photos from the queue until it is empty. */
async function work() {
  const mine = round;
  underWay += 1;
  while (queue.length && mine === round) {
    const card = queue.shift();
    await judge(card);
    if (mine !== round) return;
    const { status } = card.verdict;
    sums[status] = (sums[status] ?? 0) + 1;
    count();
  }
  if (mine === round) underWay -= 1;
}

/** @param {Card} card */
async function judge(card) {
  card.looking();
  try {
    const answer = await send(addresses.identify, card);
    if (answer.ok) card.show((await answer.json())[0]);
    else card.fail((await answer.json()).detail);
  } catch {
    card.fail(texts.offline, true);
  }
}

/** Sends a photo, and again for as long as the server has no room.
 * @param {string} address
 * @param {Card} card */
async function send(address, card) {
  for (;;) {
    const body = new FormData();
    body.append("files", card.file, card.name);
    const answer = await fetch(address, { method: "POST", body });
    if (answer.status !== 503) return answer;
    card.note(texts.busy);
    const seconds = Number(answer.headers.get("Retry-After")) || BUSY_SECONDS;
    await new Promise((ready) => setTimeout(ready, 1000 * seconds));
  }
}

const actions = {
  /** @param {Card} card */
  async look(card) {
    const asked = new URLSearchParams({ breed: card.best.id });
    if (card.dog) {
      const { x, y, width, height } = card.dog.box;
      asked.set("box", [x, y, width, height].map((share) => share.toFixed(4)).join());
    }
    const answer = await send(`${addresses.heatmap}?${asked}`, card);
    if (!answer.ok) throw new Error();
    return answer.blob();
  },
  /** @param {Card} card */
  async add(card) {
    const answer = await send(addresses.add, card);
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const [one] = await answer.json();
    if (one.error) throw new Error(one.error);
    return one.photo.id;
  },
  /** @param {Card} card */
  retry(card) {
    sums.failed -= 1;
    queue.push(card);
    count();
    if (underWay < AT_ONCE) work();
  },
};

/** Shows how far it is; kept as sums, because there may be thousands. */
function count() {
  const finished = Object.values(sums).reduce((sum, number) => sum + number, 0);
  progress.max = all.length;
  progress.value = finished;
  progress.parentElement.hidden = false;
  const form = texts.done[all.length === 1 ? "one" : "other"];
  done.textContent = filled(form, { done: finished, n: all.length });
  document.getElementById("all").hidden = !finished;
  for (const sum of document.querySelectorAll("[data-sum]")) {
    const number = sums[sum.dataset.sum] ?? 0;
    sum.hidden = !number;
    sum.querySelector("b").textContent = number.toLocaleString(lang);
  }
}

/** @param {string} form
 * @param {Record<string, number>} values */
function filled(form, values) {
  return form.replace(/\{(\w+)\}/g, (_, name) => values[name].toLocaleString(lang));
}

document.getElementById("clear").addEventListener("click", () => {
  round += 1;
  underWay = 0;
  for (const card of all) card.forget();
  all = [];
  queue = [];
  sums = {};
  cards.replaceChildren();
  results.hidden = true;
  page.classList.remove("has-results");
  document.getElementById("files").focus();
});

document.getElementById("add-all").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  // One after the other: each is safely on the disk before the next is sent.
  let added = 0;
  for (const card of all.slice()) {
    if (card.verdict && card.verdict.status !== "failed" && (await card.add())) {
      added += 1;
      const form = texts.added_all[added === 1 ? "one" : "other"];
      done.textContent = filled(form, { n: added });
    }
  }
  button.disabled = false;
});

for (const id of ["files", "camera"]) {
  const input = document.getElementById(id);
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = "";
  });
}

document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length) {
    event.preventDefault();
    take(files);
  }
});

// Anywhere on the page, because a photo that misses the frame would replace the page.
let inside = 0;
const bringsFiles = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragenter", (event) => {
  if (!bringsFiles(event)) return;
  inside += 1;
  page.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!bringsFiles(event)) return;
  inside -= 1;
  if (inside <= 0) page.classList.remove("over");
});
document.addEventListener("dragover", (event) => {
  if (bringsFiles(event)) event.preventDefault();
});
document.addEventListener("drop", async (event) => {
  if (!bringsFiles(event)) return;
  event.preventDefault();
  inside = 0;
  page.classList.remove("over");
  for await (const files of photosOf(event.dataTransfer)) take(files);
});
