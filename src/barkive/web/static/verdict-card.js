// One photo of the first page and what is said of it.

import { Boxes } from "./boxes.js";

const PREVIEW_SIDE = 480;

/**
 * @typedef {{id: string, name: string, probability: number}} Candidate
 * @typedef {{x: number, y: number, width: number, height: number}} Box In shares of the photo.
 * @typedef {{box: Box, status: string, breeds: Candidate[]}} Dog
 * @typedef {{file: string, status: string, breeds: Candidate[], error: string | null, dogs: Dog[] | null}} Verdict
 * @typedef {{look: (card: Card) => Promise<Blob>, add: (card: Card) => Promise<{id: number, wasThere: boolean}>, save: (card: Card) => void, retry: (card: Card) => void}} Actions
 */

/** Draws the boxes of cards that come near the window; there may be thousands of others.
 * @type {WeakMap<Element, Card>} */
const cards = new WeakMap();
const near = new IntersectionObserver(
  (changes) => {
    for (const { isIntersecting, target } of changes) if (isIntersecting) cards.get(target).draw();
  },
  { rootMargin: "50%" },
);

export class Card {
  /** @param {File | null} file Null where the browser has kept only what was said of it.
   * @param {HTMLElement} page
   * @param {Actions} actions
   * @param {import("./kept.js").Result} [result] What is known of it already. */
  constructor(file, page, actions, result) {
    this.file = file;
    this.lang = page.dataset.lang;
    this.texts = JSON.parse(page.dataset.texts);
    this.addresses = JSON.parse(page.dataset.addresses);
    this.likelihoods = JSON.parse(page.dataset.likelihoods);
    this.actions = actions;
    this.result = result ?? {
      ...{ name: file.name || this.texts.unnamed, verdict: null, lang: this.lang },
      ...{ small: null, photo: null, wasThere: false },
    };
    this.name = this.result.name;
    /** Once the browser has kept it, or has no room. */
    this.saved = Promise.resolve();
    /** Which dog is meant, the largest is 0; null for the photo as a whole.
     * @type {number | null} */
    this.chosen = null;
    /** Of each dog, or of the photo.
     * @type {Map<number | null, string>} */
    this.heats = new Map();
    this.element = document.getElementById("card").content.firstElementChild.cloneNode(true);
    this.part(".file").textContent = this.name;
    this.part(".file").title = this.name;
    this.status("waiting", this.texts.waiting);
    this.part(".look").addEventListener("click", () => this.look());
    this.part(".add").addEventListener("click", () => this.add());
    this.part(".retry").addEventListener("click", () => {
      this.part(".retry").hidden = true;
      this.status("waiting", this.texts.waiting);
      actions.retry(this);
    });
    if (result?.small) this.paint(result.small);
    if (this.verdict) this.show(this.verdict);
    if (this.result.photo) this.isIn();
  }

  /** @returns {Verdict | null} */
  get verdict() {
    return this.result.verdict;
  }

  /** @param {string} selector
   * @returns {HTMLElement} */
  part(selector) {
    return this.element.querySelector(selector);
  }

  /** The dog that is meant.
   * @returns {Dog | null} */
  get dog() {
    return this.chosen === null ? null : this.verdict.dogs[this.chosen];
  }

  /** The breed that was found likeliest.
   * @returns {Candidate} */
  get best() {
    return (this.dog ?? this.verdict).breeds[0];
  }

  /** What the picture shows.
   * @returns {string} */
  get shows() {
    const { status, breeds, dogs } = this.verdict;
    const names = dogs?.length > 1 ? dogs.map((dog) => this.title(dog)) : status === "dog" ? [breeds[0].name] : [];
    return [...new Set(names), this.name].join(", ");
  }

  looking() {
    this.element.setAttribute("aria-busy", "true");
    this.status("waiting", this.texts.looking);
    if (!this.picture) this.preview();
  }

  /** Says what it waits for.
   * @param {string} text */
  waits(text) {
    this.tell(text);
    if (this.verdict) return; // it waits to be added, or looked into
    this.element.removeAttribute("aria-busy");
    this.status("waiting", this.texts.waiting);
  }

  /** Says something beside what it shows.
   * @param {string} text */
  tell(text) {
    this.part(".told").textContent = text;
  }

  /** Says that it is not judged yet, and may be later.
   * @param {string} reason */
  stuck(reason) {
    this.waits(reason);
    this.part(".retry").hidden = false;
  }

  /** A small picture, because a screen of large ones would take gigabytes. */
  async preview() {
    try {
      const bitmap = await createImageBitmap(this.file, { imageOrientation: "from-image" });
      const scale = Math.min(1, PREVIEW_SIDE / Math.min(bitmap.width, bitmap.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(bitmap.width * scale));
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
      canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      bitmap.close();
      const small = await new Promise((ready) => canvas.toBlob(ready, "image/jpeg", 0.85));
      this.result.small = small;
      this.paint(small);
      this.actions.save(this);
    } catch {
      this.part(".none").hidden = false; // such as HEIC, which not every browser shows
    }
  }

  /** @param {Blob} small */
  paint(small) {
    const image = this.part("img");
    this.picture = URL.createObjectURL(small);
    image.src = this.picture;
    image.hidden = false;
  }

  /** @param {string} kind
   * @param {string} text */
  status(kind, text) {
    const status = this.part(".status");
    status.className = `status ${kind}`;
    status.textContent = text;
  }

  /** @param {string} text */
  note(text) {
    this.part(".likelihood").textContent = text;
  }

  /** @param {Verdict} verdict */
  show(verdict) {
    this.result.verdict = verdict;
    this.result.lang = this.lang;
    this.element.removeAttribute("aria-busy");
    const about = document
      .getElementById("statuses")
      .content.querySelector(`[data-status="${verdict.status}"]`).dataset;
    this.status(verdict.status, about.name);
    const [best] = verdict.breeds;
    const dogs = verdict.dogs ?? [];
    const several = dogs.length > 1;
    const named = verdict.status === "dog" && !several;
    this.part("h3").textContent = several ? this.number(dogs.length) : named ? best.name : about.heading;
    this.note(several ? "" : named ? this.inWords(best.probability) : verdict.error || about.more);
    const others = this.part(".others");
    const short = this.part(".said > .candidates");
    short.replaceChildren(...(named || several ? [] : verdict.breeds.map((one) => this.candidate(one))));
    others.hidden = !(named && verdict.breeds.length > 1);
    others.querySelector("ul").replaceChildren(...verdict.breeds.slice(1).map((one) => this.candidate(one)));
    this.part(".dogs").replaceChildren(...(several ? dogs.map((dog, i) => this.line(dog, i)) : []));
    this.chosen = dogs.length ? 0 : null;
    this.part(".look").hidden = !best || !this.file;
    this.part(".add").hidden = verdict.status === "failed" || !this.file;
    this.tell(verdict.status === "failed" || this.file ? "" : this.texts.add_again);
    this.part(".retry").hidden = true;
    this.part("img").alt = this.shows;
    this.part(".picture").classList.toggle("boxed", dogs.length > 0);
    this.part(".picture").classList.toggle("some", several);
    if (dogs.length) {
      cards.set(this.element, this);
      near.observe(this.element);
    }
  }

  /** Draws the boxes of the dogs over the picture. */
  draw() {
    near.unobserve(this.element);
    const several = this.verdict.dogs.length > 1;
    const dogs = this.verdict.dogs.map((dog, place) => {
      const { x, y, width, height } = dog.box;
      const number = several ? place + 1 : null;
      return { id: place + 1, number, name: this.title(dog), box: [x, y, width, height] };
    });
    const open = (id) => {
      this.element.querySelectorAll(".dogs details")[id - 1].open = true;
    };
    this.boxes = new Boxes(this.part(".picture"), dogs, this.texts.boxes, several ? open : undefined);
    this.boxes.layer.classList.add("short");
    if (several) this.boxes.choose(this.chosen + 1);
  }

  /** @param {Dog} dog
   * @param {number} id */
  line(dog, id) {
    const line = document.getElementById("dog").content.firstElementChild.cloneNode(true);
    line.querySelector(".place").textContent = String(id + 1);
    line.querySelector(".what").textContent = this.title(dog);
    line.querySelector(".share").textContent = this.percent(dog.breeds[0].probability);
    line.querySelector("ul").append(...dog.breeds.map((one) => this.candidate(one)));
    const details = line.querySelector("details");
    details.addEventListener("toggle", () => {
      if (details.open) this.choose(id);
    });
    return line;
  }

  /** @param {number} id Of the dog that is meant from now on. */
  choose(id) {
    for (const [i, one] of [...this.element.querySelectorAll(".dogs details")].entries()) {
      if (i !== id) one.open = false;
    }
    if (this.chosen === id) return;
    if (this.part(".look").getAttribute("aria-pressed") === "true") this.look();
    this.chosen = id;
    this.boxes?.choose(id + 1);
  }

  /** @param {Dog} dog
   * @returns {string} */
  title({ status, breeds: [best] }) {
    return status === "uncertain" ? this.texts.perhaps.replace("{breed}", best.name) : best.name;
  }

  /** @param {number} n Of dogs. */
  number(n) {
    const forms = this.texts.dogs;
    return (forms[new Intl.PluralRules(this.lang).select(n)] ?? forms.other).replace("{n}", n.toLocaleString(this.lang));
  }

  /** @param {string} reason Why it can't be judged, now or later. */
  fail(reason) {
    this.show({ file: this.name, status: "failed", breeds: [], error: reason, dogs: null });
  }

  /** @param {Candidate} one */
  candidate(one) {
    const line = document.getElementById("candidate").content.firstElementChild.cloneNode(true);
    line.firstElementChild.textContent = one.name;
    line.querySelector(".share").textContent = this.percent(one.probability);
    line.querySelector("meter").value = one.probability;
    return line;
  }

  /** @param {number} probability */
  inWords(probability) {
    const [, word] = this.likelihoods.find(([least]) => probability >= least);
    return `${word} · ${this.percent(probability)}`;
  }

  /** @param {number} probability */
  percent(probability) {
    // Never 0 or 100 for what is neither, as on the server.
    const low = probability > 0 && probability < 0.00501;
    const high = probability >= 0.995 && probability < 1;
    const shown = low ? 0.01 : high ? 0.99 : Math.round(100 * probability) / 100;
    const sign = low ? "<" : high ? ">" : "";
    return sign + shown.toLocaleString(this.lang, { style: "percent" });
  }

  async look() {
    const button = this.part(".look");
    const image = this.part("img");
    const on = button.getAttribute("aria-pressed") === "true";
    const meant = this.chosen;
    if (!this.heats.has(meant) && !on) {
      button.disabled = true;
      this.element.setAttribute("aria-busy", "true");
      try {
        this.heats.set(meant, URL.createObjectURL(await this.actions.look(this)));
        this.tell("");
      } catch {
        this.tell(this.texts.heat_failed);
        return;
      } finally {
        button.disabled = false;
        this.element.removeAttribute("aria-busy");
      }
      if (this.chosen !== meant) return; // another dog was chosen meanwhile
    }
    image.hidden = on && !this.picture;
    this.part(".none").hidden = !image.hidden;
    const { top } = button.getBoundingClientRect();
    image.src = on ? (this.picture ?? "") : this.heats.get(meant);
    // That of a dog is the whole photo, on which the boxes stay.
    image.classList.toggle("heat", !on && meant === null);
    image.alt = on ? this.shows : button.dataset.alt.replace("{breed}", this.best.name);
    button.setAttribute("aria-pressed", String(!on));
    [button.textContent, button.dataset.on] = [button.dataset.on, button.textContent];
    scrollBy(0, button.getBoundingClientRect().top - top); // it stays under the finger
  }

  /** Puts it into the catalogue.
   * @returns {Promise<"added" | "there" | "failed">} What came of it. */
  async add() {
    if (this.result.photo) return "there";
    if (!this.file || !this.verdict || this.verdict.status === "failed") return "failed";
    const button = this.part(".add");
    button.disabled = true;
    try {
      const { id, wasThere } = await this.actions.add(this);
      this.result.photo = id;
      this.result.wasThere = wasThere;
      this.isIn();
      this.actions.save(this);
      return wasThere ? "there" : "added";
    } catch (error) {
      this.tell(error.message);
      return "failed";
    } finally {
      button.disabled = false;
    }
  }

  /** Leads to where it is in the catalogue. */
  isIn() {
    const link = this.part(".added");
    link.href = this.addresses.photo.replace("{number}", this.result.photo);
    if (this.result.wasThere) link.textContent = link.dataset.there;
    link.hidden = false;
    this.part(".add").hidden = true;
    this.tell("");
  }

  /** Lets go of the pictures. */
  forget() {
    near.unobserve(this.element);
    for (const address of [this.picture, ...this.heats.values()]) if (address) URL.revokeObjectURL(address);
  }
}
