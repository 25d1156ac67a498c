// Draws and moves the box of a dog, by mouse, finger and keys, and sends it by a form.
//
// A drag draws a box, a drag of a box moves it, one of a handle changes its size. Without a drag:
// two presses are two corners; the arrows move the box, and with Shift change its size.

import { clamp, element, fill } from "./boxes.js";

/** @typedef {import("./boxes.js").Boxes} Boxes
 * @typedef {import("./boxes.js").Sides} Sides */

const NEW = 0;
const FIRST = /** @type {Sides} */ ([0.35, 0.35, 0.3, 0.3]);
const LEAST = 0.02; // of a side, in shares of the photo's
const STEP = 0.01;
const SLOP = 5; // pixels; what moves less is a press
const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class BoxEditor {
  /** @param {Boxes} boxes
   * @param {HTMLFormElement} form With the fields `dog` and `box`. */
  constructor(boxes, form) {
    this.boxes = boxes;
    this.form = form;
    this.texts = JSON.parse(form.dataset.texts);
    this.lang = document.documentElement.lang;
    this.dog = null; // whose box is changed
    form.hidden = false;
    this.part("draw").addEventListener("click", () => this.begin(NEW, FIRST));
    this.part("move").addEventListener("click", () => this.begin(this.meant));
    this.part("leave").addEventListener("click", () => this.leave());
    for (const { dog } of boxes.shown.values()) this.listen(dog.id);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.dog !== null) this.leave();
    });
    const { frame } = boxes;
    frame.addEventListener("pointerdown", (event) => this.press(event));
    frame.addEventListener("pointermove", (event) => this.drag(event));
    frame.addEventListener("pointerup", (event) => this.release(event));
    frame.addEventListener("pointercancel", () => this.stop());
    const { draft } = form.dataset;
    if (draft) {
      const { dog, box } = JSON.parse(draft); // one that was refused, to be saved again
      this.begin(boxes.box(dog) ? dog : NEW, box);
    }
    this.show();
  }

  /** @param {string} name
   * @returns {HTMLElement | null} */
  part(name) {
    return this.form.querySelector(`[data-part="${name}"]`);
  }

  /** The dog whose box would be moved. */
  get meant() {
    const ids = [...this.boxes.shown.keys()];
    return this.boxes.chosen || (ids.length === 1 ? ids[0] : NEW);
  }

  /** Shows what can be done now. */
  show() {
    const isOn = this.dog !== null;
    for (const name of ["save", "leave", "hint"]) this.part(name).hidden = !isOn;
    this.part("draw").hidden = isOn;
    this.part("move").hidden = isOn || !this.meant;
    this.boxes.frame.classList.toggle("drawing", isOn);
  }

  /** @param {number} id */
  listen(id) {
    const box = this.boxes.box(id);
    box.setAttribute("aria-describedby", "box-keys");
    box.addEventListener("keydown", (event) => this.key(event, id));
  }

  /** Lets a box be changed.
   * @param {number} id Of the dog; 0 for a new one.
   * @param {Sides} [sides] Where the box is to begin with. */
  begin(id, sides) {
    const { boxes } = this;
    this.before = boxes.shown.get(id)?.dog.box;
    this.chosen = boxes.chosen;
    if (id === NEW) {
      boxes.add({ id, number: null, name: this.texts.new, box: sides });
      this.listen(id);
    }
    this.dog = id;
    boxes.choose(id, true);
    const box = boxes.box(id);
    for (const side of HANDLES) {
      const handle = element("span", `handle ${side}`);
      handle.dataset.side = side;
      box.append(handle);
    }
    this.put(sides ?? this.before);
    this.show();
    box.focus({ preventScroll: true });
    boxes.frame.scrollIntoView({ block: "nearest" });
    this.say(this.texts.hint);
  }

  /** Leaves the box as it was. */
  leave() {
    const { boxes, dog } = this;
    const box = boxes.box(dog);
    this.dog = null;
    this.stop();
    if (dog === NEW) boxes.remove(dog);
    else {
      boxes.put(dog, this.before);
      for (const handle of box.querySelectorAll(".handle")) handle.remove();
    }
    boxes.choose(this.chosen);
    this.show();
    const back = dog === NEW ? this.part("draw") : box.tabIndex === 0 ? box : this.part("move");
    back.focus({ preventScroll: true });
    this.say(this.texts.left);
  }

  save() {
    this.form.requestSubmit(this.part("save"));
  }

  /** @param {Sides} sides */
  put(sides) {
    this.sides = sides;
    this.boxes.put(this.dog, sides);
    this.form.elements.dog.value = this.dog;
    this.form.elements.box.value = sides.map((one) => one.toFixed(4)).join(" ");
  }

  /** @param {string} text For readers of the screen. */
  say(text) {
    this.part("said").textContent = text;
  }

  tell() {
    const [left, top, width, height] = this.sides.map((share) =>
      share.toLocaleString(this.lang, { style: "percent" }),
    );
    this.say(fill(this.texts.at, { left, top, width, height }));
  }

  /** @param {KeyboardEvent} event
   * @param {number} id */
  key(event, id) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      if (this.dog === null) this.begin(id);
      const [x, y, width, height] = this.sides;
      const [right, down] = arrow.map((one) => one * STEP);
      if (event.shiftKey) {
        this.put([x, y, clamp(width + right, LEAST, 1 - x), clamp(height + down, LEAST, 1 - y)]);
      } else {
        this.put([clamp(x + right, 0, 1 - width), clamp(y + down, 0, 1 - height), width, height]);
      }
      this.tell();
    } else if (event.key === "Enter" && this.dog !== null) this.save();
    else if (event.key === "Escape" && this.dog !== null) this.leave();
    else if (event.key === "Enter" || event.key === " ") this.boxes.box(id).click();
    else return;
    event.preventDefault();
    event.stopPropagation(); // the page has other uses for these keys
  }

  /** Where a pointer is, in shares of the photo.
   * @param {PointerEvent} event */
  point(event) {
    const { left, top, width, height } = this.boxes.layer.getBoundingClientRect();
    return [clamp((event.clientX - left) / width, 0, 1), clamp((event.clientY - top) / height, 0, 1)];
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (this.dog === null || !event.isPrimary || event.button !== 0) return;
    event.preventDefault();
    this.boxes.frame.setPointerCapture(event.pointerId);
    const box = this.boxes.box(this.dog);
    box.focus({ preventScroll: true });
    this.grab = {
      at: this.point(event),
      pixels: [event.clientX, event.clientY],
      sides: this.sides,
      side: event.target.dataset.side ?? "",
      isInside: event.target === box,
      isDrag: false,
    };
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const { grab } = this;
    if (!grab) return;
    const [x, y] = grab.pixels;
    grab.isDrag ||= Math.hypot(event.clientX - x, event.clientY - y) > SLOP;
    if (!grab.isDrag) return;
    const at = this.point(event);
    const moved = [at[0] - grab.at[0], at[1] - grab.at[1]];
    if (grab.side) this.put(resized(grab.sides, grab.side, moved));
    else if (grab.isInside) {
      const [left, top, width, height] = grab.sides;
      this.put([clamp(left + moved[0], 0, 1 - width), clamp(top + moved[1], 0, 1 - height), width, height]);
    } else this.put(between(grab.at, at));
  }

  /** @param {PointerEvent} event */
  release(event) {
    const { grab } = this;
    if (!grab) return;
    if (!grab.isDrag) this.mark(this.point(event));
    else {
      this.stop();
      this.tell();
    }
    this.grab = null;
  }

  /** Takes a press for a corner; with the second there is a box.
   * @param {number[]} at */
  mark(at) {
    if (this.corner) {
      this.put(between(this.corner, at));
      this.stop();
      this.tell();
      return;
    }
    this.corner = at;
    this.dot = element("span", "corner");
    [this.dot.style.left, this.dot.style.top] = at.map((share) => `${100 * share}%`);
    this.boxes.layer.append(this.dot);
    this.say(this.texts.corner);
  }

  /** Forgets what was begun with a pointer. */
  stop() {
    this.grab = null;
    this.corner = null;
    this.dot?.remove();
  }
}

/** The box between two points.
 * @param {number[]} a
 * @param {number[]} b
 * @returns {Sides} */
function between([ax, ay], [bx, by]) {
  const width = Math.max(Math.abs(ax - bx), LEAST);
  const height = Math.max(Math.abs(ay - by), LEAST);
  return [clamp(Math.min(ax, bx), 0, 1 - width), clamp(Math.min(ay, by), 0, 1 - height), width, height];
}

/** A box of which a side or a corner was dragged.
 * @param {Sides} sides
 * @param {string} side Such as `n` or `se`.
 * @param {number[]} moved
 * @returns {Sides} */
function resized([x, y, width, height], side, [right, down]) {
  let [left, top, end, bottom] = [x, y, x + width, y + height];
  if (side.includes("w")) left = clamp(left + right, 0, end - LEAST);
  if (side.includes("e")) end = clamp(end + right, left + LEAST, 1);
  if (side.includes("n")) top = clamp(top + down, 0, bottom - LEAST);
  if (side.includes("s")) bottom = clamp(bottom + down, top + LEAST, 1);
  return [left, top, end - left, bottom - top];
}
