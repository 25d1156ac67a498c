// Selects photos of the gallery's list: by mouse, by finger, by keyboard. Tiles come and go as one
// scrolls; what is selected is kept by numbers, or as all that the list holds.

import { filled } from "./job.js";

const KEPT = "barkive-selection";
/** Says that something was done with what was selected. */
export const DONE = "barkive-selection-done";
// A finger that rests so long selects; what follows goes on selecting.
const REST = 400;
const STILL = 8;
const EDGE = 70;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @param {HTMLElement} list With its first chunk inside, and what it says in `data-`. */
export function selectable(list) {
  const form = document.getElementById("selection");
  const told = document.getElementById("selected");
  const count = document.getElementById("count");
  const all = document.getElementById("select-all");
  const total = Number(list.dataset.total);
  const chunk = Number(list.dataset.chunk);
  const sentences = JSON.parse(list.dataset.selected);
  /** Numbers by their places in the list, as far as they were seen.
   * @type {Map<number, string>} */
  const numbers = new Map();
  let every = false;
  /** Numbers that are selected; where all are, those that are not.
   * @type {Set<string>} */
  let listed = new Set();
  /** Where a range begins, and what was selected besides it. */
  let anchor = -1;
  let besides = { every, listed };
  let turn = 0;
  /** The place that the tabulator leads to. */
  let current = -1;
  let isDrawn = true;
  /** A press that may become a sweep over tiles.
   * @type {{place: number, x: number, y: number, sweeps: boolean, rest: number} | undefined} */
  let press;
  let swept = false;

  restore();
  for (const tiles of list.querySelectorAll(".tiles")) enrol(tiles);
  draw();
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach(enrol);
    lead(current);
  }).observe(list, { childList: true });
  listen();

  /** Takes the tiles of a chunk into the list.
   * @param {HTMLElement} tiles */
  function enrol(tiles) {
    if (!tiles.dataset.page) return; // a chunk that could not be had
    [...tiles.children].forEach((tile, i) => {
      const place = (Number(tiles.dataset.page) - 1) * chunk + i;
      tile.dataset.place = place;
      numbers.set(place, box(tile).value);
      box(tile).checked = has(box(tile).value);
      box(tile).tabIndex = -1;
      tile.querySelector("a").tabIndex = place === current ? 0 : -1;
    });
    if (current < 0) lead(placeOf(document.querySelector(".tile :target")) ?? placeOf(tiles.firstElementChild));
  }

  /** @param {Element} tile
   * @returns {HTMLInputElement} */
  function box(tile) {
    return tile.querySelector(".pick input");
  }

  /** @param {number} place */
  function tileAt(place) {
    return list.querySelector(`.tile[data-place="${place}"]`);
  }

  /** @param {Element | null} inside Of a tile. */
  function placeOf(inside) {
    const tile = inside?.closest(".tile[data-place]");
    return tile && list.contains(tile) ? Number(tile.dataset.place) : undefined;
  }

  /** Has the tabulator lead to one tile; where that is gone, to the first one in sight.
   * @param {number} place */
  function lead(place) {
    const inSight = (tile) => tile.getBoundingClientRect().bottom > 0;
    const tile =
      tileAt(place) ?? [...list.querySelectorAll(".tile[data-place]")].find(inSight);
    if (!tile) return;
    const link = tileAt(current)?.querySelector("a");
    if (link) link.tabIndex = -1;
    current = Number(tile.dataset.place);
    tile.querySelector("a").tabIndex = 0;
  }

  /** @param {string} number */
  function has(number) {
    return listed.has(number) !== every;
  }

  /** @param {string} number
   * @param {boolean} on */
  function set(number, on) {
    if (on === every) listed.delete(number);
    else listed.add(number);
  }

  /** Begins a range.
   * @param {number} place */
  function begin(place) {
    anchor = place;
    besides = { every, listed: new Set(listed) };
  }

  /** Selects one photo, or takes it out.
   * @param {number} place
   * @param {boolean} on */
  function pick(place, on) {
    turn += 1;
    set(numbers.get(place), on);
    begin(place);
    draw();
  }

  /** Selects from where the range begins up to a photo, and nothing more besides.
   * @param {number} place */
  async function extend(place) {
    if (anchor < 0) begin(place);
    turn += 1;
    const own = turn;
    const found = await between(Math.min(anchor, place), Math.max(anchor, place));
    if (own !== turn || !found) return;
    every = besides.every;
    listed = new Set(besides.listed);
    for (const number of found) set(number, true);
    draw();
  }

  /** The numbers from one place to another; those that were not seen yet the server knows.
   * @param {number} low
   * @param {number} high */
  async function between(low, high) {
    const places = Array.from({ length: high - low + 1 }, (_, i) => low + i);
    if (!places.every((place) => numbers.has(place))) {
      const address = new URL(list.dataset.numbers, location.href);
      address.searchParams.set("first", low);
      address.searchParams.set("last", high);
      try {
        const answer = await fetch(address);
        if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
        (await answer.json()).forEach((number, i) => numbers.set(low + i, String(number)));
      } catch {
        told.textContent = count.textContent = list.dataset.lost;
        return undefined;
      }
    }
    return places.map((place) => numbers.get(place)).filter(Boolean);
  }

  function selectAll() {
    turn += 1;
    every = true;
    listed.clear();
    anchor = -1;
    draw();
  }

  function clear() {
    turn += 1;
    every = false;
    listed.clear();
    anchor = -1;
    draw();
  }

  /** How many are selected. */
  function size() {
    return every ? total - listed.size : listed.size;
  }

  /** Shows what is selected, with the next picture of the window: a box that was clicked gets
   * its old state back until then. */
  function draw() {
    if (!isDrawn) return;
    isDrawn = false;
    requestAnimationFrame(() => {
      isDrawn = true;
      for (const tile of list.querySelectorAll(".tile")) box(tile).checked = has(box(tile).value);
      const n = size();
      const was = form.classList.contains("some");
      form.classList.toggle("some", n > 0);
      all.hidden = n === total;
      if (!n && !was) return;
      told.className = "unseen";
      told.textContent = count.textContent = n ? filled(sentences, n) : list.dataset.none;
    });
  }

  function listen() {
    list.addEventListener("change", (event) => {
      pick(placeOf(event.target), event.target.checked);
    });
    list.addEventListener("focusin", (event) => {
      const place = placeOf(event.target);
      if (place !== undefined) lead(place);
    });
    list.addEventListener("click", clicked, { capture: true });
    list.addEventListener("keydown", pressedKey);
    list.addEventListener("mousedown", (event) => {
      if (event.shiftKey) event.preventDefault(); // no text is selected
    });
    list.addEventListener("dragstart", (event) => event.preventDefault());
    list.addEventListener("pointerdown", pressed);
    document.addEventListener("pointermove", moved);
    document.addEventListener("pointerup", released);
    document.addEventListener("pointercancel", released);
    list.addEventListener("touchmove", (event) => press?.sweeps && event.preventDefault(), {
      passive: false,
    });
    list.addEventListener("contextmenu", (event) => press?.sweeps && event.preventDefault());
    document.addEventListener("keydown", pressedAnywhere);
    all.addEventListener("click", selectAll);
    document.getElementById("select-none").addEventListener("click", () => {
      clear();
      tileAt(current)?.querySelector("a").focus({ preventScroll: true });
    });
    form.addEventListener("submit", ({ submitter }) => {
      const isAtOnce = submitter.hasAttribute("formaction"); // no page is between
      const action = new URL(isAtOnce ? submitter.formAction : form.action);
      const page = new URL(location.href).searchParams.get("page");
      if (page) action.searchParams.set("page", page);
      else action.searchParams.delete("page");
      if (isAtOnce) {
        submitter.formAction = action;
        sessionStorage.setItem(DONE, "true");
      } else form.action = action;
    });
    form.addEventListener("formdata", ({ formData }) => {
      formData.delete("photo");
      formData.set("photos", [...listed].join(" "));
      if (!every) return;
      formData.set("every", "true");
      formData.set("matching", total);
    });
    addEventListener("pagehide", keep);
  }

  /** @param {MouseEvent} event */
  function clicked(event) {
    const place = placeOf(event.target);
    if (swept) {
      event.preventDefault();
      event.stopPropagation();
    } else if (event.shiftKey && place !== undefined) {
      event.preventDefault();
      extend(place);
      lead(place);
      tileAt(place).querySelector("a").focus({ preventScroll: true });
    }
  }

  /** @param {KeyboardEvent} event */
  function pressedKey(event) {
    const place = placeOf(event.target);
    if (place === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const isBox = event.target.matches("input");
    if (ARROWS[event.key]) {
      const [across, down] = ARROWS[event.key];
      const style = getComputedStyle(tileAt(place).parentElement);
      const columns = style.gridTemplateColumns.split(" ").length;
      const next = tileAt(place + across + down * columns);
      if (next) {
        if (event.shiftKey && anchor < 0) begin(place);
        next.querySelector("a").focus();
        if (event.shiftKey) extend(Number(next.dataset.place));
      }
    } else if (event.key === " " && event.shiftKey) extend(place);
    else if (event.key === " " && !isBox) pick(place, !has(numbers.get(place)));
    else if (event.key === "Enter" && isBox) tileAt(place).querySelector("a").click();
    else return;
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  function pressedAnywhere(event) {
    if (event.defaultPrevented || !isFree(event.target)) return;
    if (event.key === "Escape" && size()) clear();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey) && !event.shiftKey) {
      event.preventDefault();
      selectAll();
    }
  }

  /** Whether keys mean the list: in the list, in its bar, or where nothing has the focus.
   * @param {HTMLElement} target */
  function isFree(target) {
    return list.contains(target) || form.contains(target) || target === document.body;
  }

  /** @param {PointerEvent} event */
  function pressed(event) {
    swept = false;
    const place = placeOf(event.target);
    if (place === undefined || event.button || !event.isPrimary || event.shiftKey) return;
    press = { place, x: event.clientX, y: event.clientY, sweeps: false, rest: 0 };
    if (event.pointerType !== "mouse") press.rest = setTimeout(sweep, REST);
  }

  function sweep() {
    press.sweeps = swept = true;
    document.body.classList.add("sweeping");
    begin(press.place);
    extend(press.place);
    roll();
  }

  /** @param {PointerEvent} event */
  function moved(event) {
    if (!press) return;
    const far = Math.hypot(event.clientX - press.x, event.clientY - press.y) > STILL;
    if (press.sweeps) {
      press.x = event.clientX;
      press.y = event.clientY;
      reach();
    } else if (event.pointerType !== "mouse" && far) released(); // the list is scrolled
    else if (event.pointerType === "mouse" && far) {
      const place = placeOf(document.elementFromPoint(event.clientX, event.clientY));
      if (place !== undefined && place !== press.place) sweep();
    }
  }

  /** Selects up to the tile under the pointer. */
  function reach() {
    const place = placeOf(document.elementFromPoint(press.x, press.y));
    if (place === undefined || place === press.last) return;
    press.last = place;
    extend(place);
  }

  /** Scrolls while a sweep is at the edge of the window. */
  function roll() {
    if (!press?.sweeps) return;
    const end = Math.min(innerHeight, form.getBoundingClientRect().top || innerHeight);
    const over = Math.max(0, press.y - (end - EDGE)) - Math.max(0, EDGE - press.y);
    if (over) {
      scrollBy({ top: over / 4, behavior: "instant" });
      reach();
    }
    requestAnimationFrame(roll);
  }

  function released() {
    if (!press) return;
    clearTimeout(press.rest);
    press = undefined;
    document.body.classList.remove("sweeping");
  }

  /** Keeps what is selected while a photo's page is looked at. */
  function keep() {
    const kept = { tiles: list.dataset.tiles, every, listed: [...listed], size: size() };
    if (size()) sessionStorage.setItem(KEPT, JSON.stringify(kept));
    else sessionStorage.removeItem(KEPT);
  }

  function restore() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    const isDone = sessionStorage.getItem(DONE);
    sessionStorage.removeItem(DONE);
    if (!kept || isDone) return;
    const { tiles, cleared } = list.dataset;
    if (kept.tiles === tiles) {
      every = kept.every;
      listed = new Set(kept.listed);
    } else {
      told.className = "notice warning";
      told.textContent = filled(JSON.parse(cleared), kept.size);
    }
  }
}
