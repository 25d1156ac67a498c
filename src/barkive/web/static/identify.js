// The first page: takes photos from wherever they come, has each judged, and shows the
// verdict as it arrives. The browser keeps what was said until somebody clears it; the server
// keeps nothing unless somebody asks for it.

import { Card } from "./verdict-card.js";
import { isPhoto, photosOf } from "./dropped.js";
import { filled } from "./job.js";
import { Kept } from "./kept.js";
import { csv, pasted } from "./results-table.js";
import { RefusedError, Sender, StuckError } from "./sending.js";

const page = document.getElementById("identify");
const lang = page.dataset.lang;
const texts = JSON.parse(page.dataset.texts);
const addresses = JSON.parse(page.dataset.addresses);
const results = document.getElementById("results");
const cards = document.getElementById("cards");
const progress = document.getElementById("progress");
const done = document.getElementById("done");
const held = document.getElementById("held");
const addAll = document.getElementById("add-all");

// As many as keep the server busy; it refuses what is too much.
const AT_ONCE = 6;

const kept = new Kept(`barkive ${addresses.home}`);
const sender = new Sender(addresses.probe, texts, (text, signIn = false) => {
  held.hidden = !text;
  held.querySelector("span").textContent = text;
  held.querySelector("a").hidden = !signIn;
});

/** @type {Card[]} */
let all = [];
/** @type {Card[]} */
let queue = [];
let underWay = 0;
/** How many have which status.
 * @type {Record<string, number>} */
let sums = {};
/** How many the browser does not keep. */
let notKept = 0;
/** Grows when everything is cleared, so that late answers are not counted. */
let round = 0;

/** Has photos judged.
 * @param {File[]} files */
function take(files) {
  if (!files.length) return;
  const fresh = files.map((file) => new Card(file, page, actions));
  for (const card of fresh) card.saved = keep(card);
  show(fresh);
  bringIntoView(fresh[0].element);
}

/** @param {Card[]} fresh */
function show(fresh) {
  if (!all.length) cards.replaceChildren();
  results.hidden = false;
  page.classList.add("has-results");
  document.getElementById("stay").hidden = false;
  all.push(...fresh);
  for (const card of fresh) {
    if (card.verdict) sums[card.verdict.status] = (sums[card.verdict.status] ?? 0) + 1;
    else queue.push(card);
  }
  cards.append(...fresh.map((card) => card.element));
  count();
  while (underWay < AT_ONCE && queue.length) work();
}

/** @param {HTMLElement} element */
function bringIntoView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) element.scrollIntoView({ block: "start" });
}

/** @param {Card} card */
async function keep(card) {
  const mine = round;
  if ((await kept.add(card.result, card.file)) || mine !== round) return;
  notKept += 1;
  const line = document.getElementById("not-kept");
  line.textContent = filled(texts.not_kept, notKept);
  line.hidden = false;
}

/** Shows what this tab has looked at before. */
async function restore() {
  const found = await kept.all();
  const names = found.some(({ result }) => result.verdict && result.lang !== lang) ? await breedNames() : null;
  const before = [];
  for (const { result, file } of found) {
    if (!result.verdict && !file) continue;
    if (result.lang !== lang) translate(result, names);
    before.push(new Card(file, page, actions, result));
  }
  if (before.length) show(before);
}

/** The breeds' names in the page's language.
 * @returns {Promise<Map<string, string>>} */
async function breedNames() {
  const answer = await fetch(addresses.breeds).catch(() => null);
  return new Map(answer?.ok ? (await answer.json()).map((one) => [one.id, one.name]) : []);
}

/** Says a verdict in the page's language. Why a photo failed only the server can say in it.
 * @param {import("./kept.js").Result} result
 * @param {Map<string, string> | null} names */
function translate(result, names) {
  const { verdict } = result;
  if (!verdict || !names?.size) return;
  for (const one of [verdict, ...(verdict.dogs ?? [])].flatMap((part) => part.breeds)) {
    one.name = names.get(one.id) ?? one.name;
  }
  if (verdict.status === "failed") result.verdict = null;
  result.lang = lang;
}

/** Judges photos from the queue until it is empty. */
async function work() {
  const mine = round;
  underWay += 1;
  while (queue.length && mine === round) {
    const card = queue.shift();
    await judge(card);
    if (mine !== round) return;
    if (card.verdict) {
      sums[card.verdict.status] = (sums[card.verdict.status] ?? 0) + 1;
      save(card);
    }
    count();
  }
  if (mine === round) {
    underWay -= 1;
    count();
  }
}

/** @param {Card} card */
async function judge(card) {
  card.looking();
  try {
    const answer = await sender.send(addresses.identify, card);
    card.show((await answer.json())[0]);
  } catch (error) {
    if (error instanceof RefusedError) card.fail(error.message);
    else card.stuck(texts.stuck);
  }
}

/** Writes what is known of a photo where the browser keeps it.
 * @param {Card} card */
async function save(card) {
  await card.saved;
  await kept.update(card.result);
}

const actions = {
  save,
  /** @param {Card} card */
  async look(card) {
    const asked = new URLSearchParams({ breed: card.best.id });
    if (card.dog) {
      const { x, y, width, height } = card.dog.box;
      asked.set("box", [x, y, width, height].map((share) => share.toFixed(4)).join());
    }
    const answer = await sender.send(`${addresses.heatmap}?${asked}`, card, 1);
    return answer.blob();
  },
  /** @param {Card} card
   * @returns {Promise<{id: number, wasThere: boolean}>} */
  async add(card) {
    const answer = await sender.send(addresses.add, card, 1);
    const [one] = await answer.json();
    if (one.error) throw new RefusedError(one.error);
    return { id: one.photo.id, wasThere: one.already_there };
  },
  /** @param {Card} card */
  retry(card) {
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
  done.textContent = filled(texts.done, all.length, { done: finished });
  document.getElementById("all").hidden = !finished;
  addAll.disabled = isAdding || underWay + queue.length > 0;
  for (const sum of document.querySelectorAll("[data-sum]")) {
    const number = sums[sum.dataset.sum] ?? 0;
    sum.hidden = !number;
    sum.querySelector("b").textContent = number.toLocaleString(lang);
  }
}

document.getElementById("clear").addEventListener("click", async () => {
  round += 1;
  underWay = 0;
  for (const card of all) card.forget();
  all = [];
  queue = [];
  sums = {};
  notKept = 0;
  cards.replaceChildren();
  for (const id of ["results", "added", "next", "not-kept"]) document.getElementById(id).hidden = true;
  page.classList.remove("has-results");
  document.getElementById("files").focus();
  await kept.clear();
});

let isAdding = false;
addAll.addEventListener("click", async () => {
  const mine = round;
  isAdding = true;
  addAll.disabled = true;
  document.getElementById("added").hidden = false;
  document.getElementById("next").hidden = true;
  const told = { added: 0, there: 0, failed: 0 };
  tell(told);
  // One after the other: each is safely on the disk before the next is sent.
  for (const card of all.slice()) {
    const what = await card.add();
    if (mine !== round) break;
    told[what] += 1;
    tell(told);
  }
  isAdding = false;
  addAll.disabled = false;
  document.getElementById("next").hidden = mine !== round || !(told.added + told.there);
});

/** Says what came of adding.
 * @param {{added: number, there: number, failed: number}} numbers */
function tell({ added, there, failed }) {
  const said = [filled(texts.added_all, added)];
  if (there) said.push(filled(texts.were_there, there));
  if (failed) said.push(filled(texts.not_added, failed));
  document.getElementById("told").textContent = said.join(" ");
}

document.getElementById("another").addEventListener("click", () => document.getElementById("files").click());

/** @returns {import("./verdict-card.js").Verdict[]} */
function verdicts() {
  return all.filter((card) => card.verdict).map((card) => card.verdict);
}

for (const button of document.querySelectorAll("[data-save]")) {
  button.addEventListener("click", () => {
    const isTable = button.dataset.save === "csv";
    const content = isTable ? csv(verdicts(), texts.table, lang) : `${JSON.stringify(verdicts(), null, 2)}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: isTable ? "text/csv" : "application/json" }));
    link.download = `${texts.file_name}.${button.dataset.save}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });
}

document.getElementById("copy").addEventListener("click", async () => {
  const copied = await copy(pasted(verdicts(), texts.table, lang));
  done.textContent = copied ? texts.copied : texts.copy_failed;
});

/** @param {string} text
 * @returns {Promise<boolean>} Whether it is on the clipboard. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without https browsers have the old way only.
    const field = document.createElement("textarea");
    field.className = "unseen";
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    document.getElementById("copy").focus();
    return copied;
  }
}

const folder = document.getElementById("folder");
if ("webkitdirectory" in folder) {
  for (const part of [folder, document.querySelector('label[for="folder"]')]) part.hidden = false;
  folder.addEventListener("change", () => {
    take([...folder.files].filter(isPhoto));
    folder.value = "";
  });
}

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

restore();
