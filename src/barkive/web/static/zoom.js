// A photo at full size over the page: larger and smaller by wheel, two fingers, keys and buttons,
// moved by a drag.

const MOST = 8;
const STEP = 1.5;

/** Lets a link to a picture open it over the page.
 * @param {HTMLAnchorElement} link With the sentences in `data-texts`. */
export function enlarge(link) {
  const texts = JSON.parse(link.dataset.texts);
  const dialog = document.createElement("dialog");
  dialog.className = "zoom";
  dialog.setAttribute("aria-label", texts.label);
  const image = document.createElement("img");
  image.alt = document.querySelector("#picture img").alt;
  image.draggable = false;
  const bar = document.createElement("div");
  bar.className = "actions";
  dialog.append(image, bar);
  let scale = 1;
  let [x, y] = [0, 0];
  /** @type {Map<number, PointerEvent>} */
  const fingers = new Map();

  /** @param {number} by
   * @param {number} [atX] Where on the screen the picture stays as it is.
   * @param {number} [atY] */
  const zoom = (by, atX = innerWidth / 2, atY = innerHeight / 2) => {
    const next = Math.min(MOST, Math.max(1, scale * by));
    const [fromX, fromY] = [atX - innerWidth / 2, atY - innerHeight / 2];
    x = fromX - ((fromX - x) * next) / scale;
    y = fromY - ((fromY - y) * next) / scale;
    scale = next;
    draw();
  };
  const draw = () => {
    const [wide, high] = [(image.offsetWidth * (scale - 1)) / 2, (image.offsetHeight * (scale - 1)) / 2];
    x = Math.min(wide, Math.max(-wide, x));
    y = Math.min(high, Math.max(-high, y));
    image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    image.classList.toggle("large", scale > 1);
  };
  const button = (text, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "second";
    made.textContent = text;
    made.addEventListener("click", act);
    bar.append(made);
  };
  button(texts.in, () => zoom(STEP));
  button(texts.out, () => zoom(1 / STEP));
  button(texts.close, () => dialog.close());
  dialog.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, event.clientX, event.clientY);
  }, { passive: false });
  image.addEventListener("dblclick", (event) => zoom(scale > 1 ? 1 / MOST : 3, event.clientX, event.clientY));
  image.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    image.setPointerCapture(event.pointerId);
  });
  image.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const other = [...fingers.values()].find((one) => one.pointerId !== event.pointerId);
    fingers.set(event.pointerId, event);
    if (other) {
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      zoom(apart(event) / Math.max(1, apart(before)), other.clientX, other.clientY);
    } else {
      x += event.clientX - before.clientX;
      y += event.clientY - before.clientY;
      draw();
    }
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    image.addEventListener(kind, (event) => fingers.delete(event.pointerId));
  }
  dialog.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the arrows turn no page meanwhile
    const by = { "+": STEP, "=": STEP, "-": 1 / STEP }[event.key];
    const [dx, dy] = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key] ?? [0, 0];
    if (!by && !dx && !dy) return;
    event.preventDefault();
    x += dx;
    y += dy;
    if (by) zoom(by);
    else draw();
  });
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!dialog.isConnected) document.body.append(dialog);
    if (!image.src) image.src = link.href;
    [scale, x, y] = [1, 0, 0];
    dialog.showModal();
    draw();
  });
}
