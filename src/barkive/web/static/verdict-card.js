// One photo of the first page and what is said of it.

const PREVIEW_SIDE = 480;

/**
 * @typedef {{id: string, name: string, probability: number}} Candidate
 * @typedef {{file: string, status: string, breeds: Candidate[], error: string | null}} Verdict
 * @typedef {{look: (card: Card) => Promise<Blob>, add: (card: Card) => Promise<number>, retry: (card: Card) => void}} Actions
 */

export class Card {
  /** @param {File} file
   * @param {HTMLElement} page
   * @param {Actions} actions */
  constructor(file, page, actions) {
    this.file = file;
    this.lang = page.dataset.lang;
    this.texts = JSON.parse(page.dataset.texts);
    this.addresses = JSON.parse(page.dataset.addresses);
    this.likelihoods = JSON.parse(page.dataset.likelihoods);
    this.actions = actions;
    this.name = file.name || this.texts.unnamed;
    /** @type {Verdict | null} */
    this.verdict = null;
    this.element = document.getElementById("card").content.firstElementChild.cloneNode(true);
    this.part(".file").textContent = this.name;
    this.part(".file").title = this.name;
    this.status("waiting", this.texts.waiting);
    this.part(".look").addEventListener("click", () => this.look());
    this.part(".add").addEventListener("click", () => this.add());
    this.part(".retry").addEventListener("click", () => {
      this.part(".retry").hidden = true;
      this.status("waiting", this.texts.waiting);
      this.verdict = null;
      actions.retry(this);
    });
  }

  /** @param {string} selector
   * @returns {HTMLElement} */
  part(selector) {
    return this.element.querySelector(selector);
  }

  /** The breed that was found likeliest.
   * @returns {Candidate} */
  get best() {
    return this.verdict.breeds[0];
  }

  looking() {
    this.element.setAttribute("aria-busy", "true");
    this.status("waiting", this.texts.looking);
    this.preview();
  }

  /** A small picture, because a screen of large ones would take gigabytes. */
  async preview() {
    const image = this.part("img");
    try {
      const bitmap = await createImageBitmap(this.file, { imageOrientation: "from-image" });
      const scale = Math.min(1, PREVIEW_SIDE / Math.min(bitmap.width, bitmap.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(bitmap.width * scale));
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
      canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      bitmap.close();
      const small = await new Promise((ready) => canvas.toBlob(ready, "image/jpeg", 0.85));
      this.picture = URL.createObjectURL(small);
      image.src = this.picture;
      image.hidden = false;
    } catch {
      this.part(".none").hidden = false; // such as HEIC, which not every browser shows
    }
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
    this.verdict = verdict;
    this.element.removeAttribute("aria-busy");
    const about = document
      .getElementById("statuses")
      .content.querySelector(`[data-status="${verdict.status}"]`).dataset;
    this.status(verdict.status, about.name);
    const [best] = verdict.breeds;
    const named = verdict.status === "dog";
    this.part("h3").textContent = named ? best.name : about.heading;
    this.note(named ? this.inWords(best.probability) : verdict.error || about.more);
    const others = this.part(".others");
    const short = this.part(".said > .candidates");
    short.replaceChildren(...(named ? [] : verdict.breeds.map((one) => this.candidate(one))));
    others.hidden = !(named && verdict.breeds.length > 1);
    others.querySelector("ul").replaceChildren(...verdict.breeds.slice(1).map((one) => this.candidate(one)));
    this.part(".look").hidden = !best;
    this.part(".add").hidden = verdict.status === "failed";
    this.part(".retry").hidden = true;
    const shown = this.part("img");
    shown.alt = named ? `${best.name}, ${this.name}` : this.name;
  }

  /** @param {string} reason
   * @param {boolean} again Whether to try again may help. */
  fail(reason, again = false) {
    this.show({ file: this.name, status: "failed", breeds: [], error: reason });
    this.part(".retry").hidden = !again;
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
    if (!this.heat && !on) {
      button.disabled = true;
      this.element.setAttribute("aria-busy", "true");
      try {
        this.heat = URL.createObjectURL(await this.actions.look(this));
      } catch {
        this.note(this.texts.heat_failed);
        return;
      } finally {
        button.disabled = false;
        this.element.removeAttribute("aria-busy");
      }
    }
    image.hidden = on && !this.picture;
    this.part(".none").hidden = !image.hidden;
    image.src = on ? (this.picture ?? "") : this.heat;
    image.classList.toggle("heat", !on);
    image.alt = on ? `${this.best.name}, ${this.name}` : button.dataset.alt.replace("{breed}", this.best.name);
    button.setAttribute("aria-pressed", String(!on));
    [button.textContent, button.dataset.on] = [button.dataset.on, button.textContent];
  }

  /** @returns {Promise<boolean>} Whether it is in the catalogue now, and was not before. */
  async add() {
    if (!this.part(".added").hidden) return false;
    const button = this.part(".add");
    button.disabled = true;
    try {
      const link = this.part(".added");
      link.href = this.addresses.photo.replace("{number}", await this.actions.add(this));
      link.hidden = false;
      button.hidden = true;
      return true;
    } catch (error) {
      this.note(error instanceof TypeError ? this.texts.offline : error.message);
      return false;
    } finally {
      button.disabled = false;
    }
  }

  /** Lets go of the pictures. */
  forget() {
    for (const address of [this.picture, this.heat]) if (address) URL.revokeObjectURL(address);
  }
}
