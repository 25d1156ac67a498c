// Boxes of dogs over a photo, each with its name beside it, which hides no dog.

const FEW = 9; // of more dogs only the number is shown, and the name of the one that is meant
const CROWDED = 0.3; // of a name, under which so much of others lies

/**
 * @typedef {[number, number, number, number]} Sides x, y, width, height, in shares of the photo.
 * @typedef {{id: number, number: number | null, name: string, box: Sides}} Dog
 * @typedef {{label: string, dog: string}} Texts The layer's name, and that of a dog.
 */

export class Boxes {
  /** @param {HTMLElement} frame That holds the photo's `img`.
   * @param {Dog[]} dogs The largest first.
   * @param {Texts} texts
   * @param {(id: number) => void} [onChoose] Called with the dog that is pressed; without it the
   *   boxes can't be pressed. */
  constructor(frame, dogs, texts, onChoose) {
    this.frame = frame;
    this.texts = texts;
    this.onChoose = onChoose;
    this.chosen = 0;
    /** @type {number | null} */
    this.draft = null;
    /** @type {Map<number, {dog: Dog, box: HTMLElement, label: HTMLElement}>} */
    this.shown = new Map();
    this.layer = element("div", "boxes");
    this.layer.setAttribute("role", "group");
    this.layer.setAttribute("aria-label", texts.label);
    this.layer.classList.toggle("short", dogs.length > FEW);
    frame.append(this.layer);
    // Darkens the photo round the dog in question, where the frame asks for it, see boxes.css.
    this.light = element("div", "light");
    const shade = element("div", "shade");
    shade.append(this.light);
    this.layer.append(shade);
    for (const dog of dogs) this.add(dog);
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(frame);
    this.image?.addEventListener("load", () => this.fit());
    this.fit();
  }

  /** @returns {HTMLImageElement | null} */
  get image() {
    return this.frame.querySelector("img");
  }

  /** @param {Dog} dog
   * @returns {HTMLElement} Its box. */
  add(dog) {
    const box = element("div", "box");
    const label = element("div", "box-label");
    const name = element("span", "what", dog.name);
    if (dog.number) label.append(element("b", "", String(dog.number)), " ");
    label.append(name);
    label.setAttribute("aria-hidden", "true");
    for (const part of [box, label]) {
      part.addEventListener("click", () => this.draft === null && this.onChoose?.(dog.id));
    }
    const { number } = dog;
    box.setAttribute("aria-label", number ? fill(this.texts.dog, { number, name: dog.name }) : dog.name);
    this.layer.append(box, label);
    this.shown.set(dog.id, { dog, box, label });
    place(box, dog.box);
    this.refresh();
    return box;
  }

  /** @param {number} id */
  remove(id) {
    const { box, label } = this.shown.get(id);
    box.remove();
    label.remove();
    this.shown.delete(id);
  }

  /** @param {number} id
   * @returns {HTMLElement | undefined} */
  box(id) {
    return this.shown.get(id)?.box;
  }

  /** @param {number} id
   * @param {Sides} sides */
  put(id, sides) {
    const one = this.shown.get(id);
    one.dog = { ...one.dog, box: sides };
    place(one.box, sides);
    if (id === this.chosen) place(this.light, sides);
    this.name();
  }

  /** @param {number} id Of the dog that is meant; 0 for none.
   * @param {boolean} [isDraft] Whether its box is being changed. */
  choose(id, isDraft = false) {
    this.chosen = id;
    this.draft = isDraft ? id : null;
    this.light.hidden = !this.shown.has(id);
    if (!this.light.hidden) place(this.light, this.shown.get(id).dog.box);
    this.refresh();
    this.name();
  }

  /** Tells people and screen readers what each box is for now. */
  refresh() {
    for (const [id, { box, label }] of this.shown) {
      const isDraft = id === this.draft;
      const isButton = Boolean(this.onChoose) && this.draft === null;
      for (const part of [box, label]) part.classList.toggle("chosen", id === this.chosen);
      box.classList.toggle("draft", isDraft);
      // An application is given the arrows, which a screen reader else keeps for itself.
      box.setAttribute("role", isDraft ? "application" : isButton ? "button" : "img");
      if (isButton) box.setAttribute("aria-pressed", String(id === this.chosen));
      else box.removeAttribute("aria-pressed");
      if (isDraft || isButton) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }

  /** Lies over the photo as it is shown: its frame may have room beside it. */
  fit() {
    const image = this.image;
    if (!image?.offsetWidth) return;
    const ratio =
      (image.naturalWidth || Number(image.getAttribute("width")) || image.offsetWidth) /
      (image.naturalHeight || Number(image.getAttribute("height")) || image.offsetHeight);
    const width = Math.min(image.offsetWidth, image.offsetHeight * ratio);
    const height = width / ratio;
    const { style } = this.layer;
    const left = image.offsetLeft + (image.offsetWidth - width) / 2;
    // In shares of the frame, so that it is never wider than one that has just become narrow.
    style.left = `${(100 * left) / this.frame.clientWidth}%`;
    style.width = `${(100 * width) / this.frame.clientWidth}%`;
    style.top = `${image.offsetTop + (image.offsetHeight - height) / 2}px`;
    style.height = `${height}px`;
    this.name();
  }

  /** Puts each name beside its box, where it hides least of the dogs and of other names. */
  name() {
    const width = this.layer.clientWidth;
    const height = this.layer.clientHeight;
    if (!width) return;
    // The longest name first: that of the dog that is meant, which the others keep clear of.
    const all = [...this.shown.values()].sort((a, b) => (b.dog.id === this.chosen) - (a.dog.id === this.chosen));
    const boxes = all.map(({ dog: { box } }) => [box[0] * width, box[1] * height, box[2] * width, box[3] * height]);
    const sizes = all.map(({ label }) => [label.offsetWidth, label.offsetHeight]);
    /** @type {number[][]} */
    const names = [];
    all.forEach(({ label }, i) => {
      const [x, y, w, h] = boxes[i];
      const [wide, high] = sizes[i];
      const right = x + w - wide;
      const places = [[x, y - high], [right, y - high], [x, y + h], [right, y + h], [x + w, y], [x - wide, y]];
      let best = null;
      let least = Infinity;
      let covered = 0;
      places.forEach(([left, top], order) => {
        // Above the photo there is room, see boxes.css; elsewhere it stays inside.
        const at = [clamp(left, 0, width - wide), clamp(top, -high, height - high), wide, high];
        const hidden = boxes.reduce((sum, box) => sum + shared(at, box), 0);
        const over = names.reduce((sum, name) => sum + shared(at, name), 0);
        const cost = hidden + 4 * over + order;
        if (cost < least) [best, least, covered] = [at, cost, over];
      });
      // In a crowd it is seen where its dog is meant, see boxes.css.
      const isCrowded = covered > CROWDED * wide * high;
      label.classList.toggle("crowded", isCrowded);
      if (!isCrowded) names.push(best);
      label.style.left = `${best[0]}px`;
      label.style.top = `${best[1]}px`;
    });
  }
}

/** @param {string} text With `{name}` where a value stands.
 * @param {Record<string, string | number>} values */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** @param {number} value
 * @param {number} least
 * @param {number} most */
export function clamp(value, least, most) {
  return Math.max(least, Math.min(value, most));
}

/** @param {string} kind
 * @param {string} className
 * @param {string} [text] */
export function element(kind, className, text) {
  const made = document.createElement(kind);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** @param {HTMLElement} box
 * @param {Sides} sides */
function place(box, [x, y, width, height]) {
  box.style.left = `${100 * x}%`;
  box.style.top = `${100 * y}%`;
  box.style.width = `${100 * width}%`;
  box.style.height = `${100 * height}%`;
}

/** The area that lies in two rectangles.
 * @param {number[]} a
 * @param {number[]} b */
function shared([ax, ay, aw, ah], [bx, by, bw, bh]) {
  const width = Math.min(ax + aw, bx + bw) - Math.max(ax, bx);
  const height = Math.min(ay + ah, by + bh) - Math.max(ay, by);
  return Math.max(width, 0) * Math.max(height, 0);
}
