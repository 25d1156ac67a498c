// A photo's own page: boxes over the photo, the heat map in its place, suggestions of breeds, and
// what resembles the photo, which comes when the page is there.

import { BoxEditor } from "./box-editor.js";
import { Boxes } from "./boxes.js";
import { enhance } from "./breed-picker.js";
import { keysAreOn, offerKeys } from "./keys.js";
import { showLost } from "./lost.js";
import { relate } from "./related.js";
import { saidOnce } from "./said-once.js";
import { swipes } from "./swipes.js";
import { enlarge } from "./zoom.js";

for (const input of document.querySelectorAll("[data-breeds], [data-animals]")) enhance(input);
showLost(document);
offerKeys();
const boxed = document.getElementById("boxed");
if (boxed) {
  showBoxes(boxed);
  heat(document.querySelectorAll(".look"));
  swipes(boxed, turn);
}
const full = document.getElementById("full");
if (full) enlarge(full);
offerDrawing();
shareName();

relate();
saidOnce();

// The arrows turn the page, where nothing else has a use for them; a number chooses a dog.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  if (document.querySelector(".drawing")) return;
  const dog = document.querySelector(`.subject[data-key="${CSS.escape(event.key)}"]`);
  if (dog && keysAreOn()) {
    dog.open = true;
    dog.querySelector("summary").focus();
    return;
  }
  const way = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (way) turn(way);
});

/** Goes to the photo before or after.
 * @param {"prev" | "next"} way */
function turn(way) {
  document.querySelector(`.around a[rel="${way}"]`)?.click();
}

/** Lets people draw a dog where the model sees none. */
function offerDrawing() {
  const draw = document.querySelector('#drawing [data-part="draw"]');
  for (const button of draw ? document.querySelectorAll("[data-draws]") : []) {
    button.hidden = false;
    button.addEventListener("click", () => draw.click());
  }
}

/** Has every form of the page send the visitor's name, which some of them ask for. */
function shareName() {
  const fields = [...document.querySelectorAll("input[name=by]")];
  if (!fields.length) return;
  for (const field of fields) {
    field.addEventListener("input", () => {
      for (const other of fields) other.value = field.value;
    });
  }
  for (const form of document.querySelectorAll("form")) {
    form.addEventListener("formdata", ({ formData }) => {
      if (formData.has("by")) return;
      formData.set("asks_name", "true");
      formData.set("by", fields[0].value);
    });
  }
}

/** Shows where the dogs are; one that is chosen in the photo opens in the list, and the other way.
 * @param {HTMLElement} frame Of the photo. */
function showBoxes(frame) {
  const { dogs, chosen, texts } = JSON.parse(frame.dataset.boxes);
  const list = [...document.querySelectorAll(".subject")];
  const open = (id) => {
    const dog = list.find((one) => one.dataset.dog === String(id));
    dog.open = true;
    dog.scrollIntoView({ block: "nearest" });
  };
  const boxes = new Boxes(frame, dogs, texts, list.length ? open : undefined);
  boxes.choose(chosen);
  for (const dog of list) {
    dog.addEventListener("toggle", () => {
      if (dog.open && boxes.draft === null) choose(Number(dog.dataset.dog));
    });
  }
  const form = document.getElementById("drawing");
  const editor = form ? new BoxEditor(boxes, form) : null;

  /** @param {number} id */
  function choose(id) {
    boxes.choose(id);
    editor?.show();
  }
}

/** Shows a heat map where the photo was, and the photo again.
 * @param {NodeListOf<HTMLAnchorElement>} looks Each leads to a heat map. */
function heat(looks) {
  const frame = document.getElementById("picture");
  const photo = frame.querySelector("img");
  const caption = document.getElementById("caption");
  /** @type {HTMLAnchorElement | null} */
  let shown = null;
  for (const look of looks) {
    const map = document.createElement("img");
    map.alt = look.dataset.alt;
    // That of a dog is the whole photo, on which the boxes stay.
    map.className = "ofDog" in look.dataset ? "" : "heat";
    const word = look.textContent;

    /** @param {boolean} isOn
     * @param {string} said */
    const show = (isOn, said) => {
      shown = isOn ? look : null;
      caption.textContent = said;
      look.textContent = isOn ? look.dataset.off : word;
      look.setAttribute("aria-pressed", String(isOn));
    };

    /** @param {Event} event */
    const toggle = async (event) => {
      event.preventDefault();
      if (frame.getAttribute("aria-busy") === "true") return;
      if (shown === look) {
        map.replaceWith(photo);
        show(false, "");
        return;
      }
      shown?.click();
      frame.setAttribute("aria-busy", "true");
      caption.textContent = look.dataset.wait;
      try {
        if (!map.complete || !map.naturalWidth) map.src = look.href;
        await map.decode();
        map.style.width = `${photo.clientWidth}px`; // it takes the photo's place to the pixel
        photo.replaceWith(map);
        show(true, look.dataset.more);
      } catch {
        map.removeAttribute("src"); // so that it is asked for anew
        show(false, look.dataset.failed);
      }
      frame.removeAttribute("aria-busy");
    };
    look.setAttribute("role", "button");
    look.setAttribute("aria-pressed", "false");
    look.addEventListener("click", toggle);
    look.addEventListener("keydown", (event) => {
      if (event.key === " ") toggle(event);
    });
  }
}
