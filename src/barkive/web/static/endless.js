// A list of any length, of which only the chunks near the window are in the page. Every tile
// has the same size, so each chunk's place is known before it is there.

import { showLost } from "./lost.js";

// So many windows above and below are kept.
const AHEAD = 1;
const REST = 150;
// Who flies past asks for nothing: what a leap leads to must stay in sight so long.
const LEAP_REST = 80;
// Browsers draw nothing beyond some 17 million pixels; a longer list is turned by its pages.
const TALLEST = 16e6;

/** @param {HTMLElement} list With its first chunk inside, and what it says in `data-`. */
export function endless(list) {
  const total = Number(list.dataset.total);
  const chunk = Number(list.dataset.chunk);
  const pages = Math.ceil(total / chunk);
  const place = document.getElementById("place");
  const first = list.querySelector(".tiles");
  /** @type {Map<number, HTMLElement>} */
  const shown = new Map([[Number(list.dataset.page), first]]);
  /** @type {Map<number, AbortController>} */
  const coming = new Map();
  /** @type {Map<number, HTMLElement>} */
  const missed = new Map();
  let columns = 1;
  let row = 1;
  let waiting = false;
  let resting = 0;
  let before = 0;

  measure();
  if (Math.ceil(total / columns) * row > TALLEST) {
    list.style.height = "";
    return;
  }
  document.getElementById("turn").hidden = true;
  list.classList.add("virtual");
  history.scrollRestoration = "manual";
  const begin = history.state?.first ?? (Number(list.dataset.page) - 1) * chunk;
  if (begin > 0) goTo(begin, history.state?.below ?? 0);
  update();
  addEventListener("scroll", soon, { passive: true });
  addEventListener("pagehide", keep);
  let width = list.clientWidth;
  new ResizeObserver(() => {
    if (list.clientWidth === width) return;
    width = list.clientWidth;
    const at = seen();
    measure();
    if (at.first > 0) goTo(at.first, at.below);
    update();
  }).observe(list);

  /** Takes the size of a tile, and gives the list and its chunks theirs. */
  function measure() {
    const tiles = shown.values().next().value;
    const style = getComputedStyle(tiles);
    columns = style.gridTemplateColumns.split(" ").length;
    const tile = tiles.firstElementChild.getBoundingClientRect();
    row = tile.height + Number.parseFloat(style.rowGap);
    list.style.height = `${Math.ceil(total / columns) * row - Number.parseFloat(style.rowGap)}px`;
    list.style.setProperty("--side", `${tile.width}px`);
    list.style.setProperty("--column", `${tile.width + Number.parseFloat(style.columnGap)}px`);
    list.style.setProperty("--row", `${row}px`);
    for (const [page, element] of [...shown, ...missed]) element.style.top = `${top(page)}px`;
    for (const [page, element] of missed) element.style.height = `${top(page + 1) - top(page)}px`;
  }

  /** Where a page begins in the list.
   * @param {number} page */
  function top(page) {
    return ((page - 1) * chunk * row) / columns;
  }

  /** The page at a height of the list.
   * @param {number} height */
  function pageAt(height) {
    return Math.min(pages, Math.max(1, Math.floor((height * columns) / (row * chunk)) + 1));
  }

  /** How much of the list is above the window. */
  function above() {
    return -list.getBoundingClientRect().top;
  }

  /** The first photo in the window, counted from 0, and how far it is scrolled out. */
  function seen() {
    const passed = Math.max(0, above());
    const rows = Math.floor(passed / row);
    return { first: Math.min(total - 1, rows * columns), below: Math.round(passed - rows * row) };
  }

  /** @param {number} index Of a photo, from 0.
   * @param {number} below */
  function goTo(index, below) {
    scrollBy({ top: Math.floor(index / columns) * row + below - above(), behavior: "instant" });
  }

  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      update();
    });
  }

  /** Has those chunks in the page that are near the window, and no others. */
  function update() {
    const passed = above();
    const isLeap = Math.abs(passed - before) > 2 * innerHeight;
    before = passed;
    const low = pageAt(passed - AHEAD * innerHeight);
    const high = pageAt(passed + (1 + AHEAD) * innerHeight);
    const focused = [...shown].find(([, element]) => element.contains(document.activeElement))?.[0];
    // What has the focus stays, with what the next tab leads to.
    const stays = (page) => (page >= low && page <= high) || Math.abs(page - focused) <= 1;
    for (const [page, request] of coming) {
      if (stays(page)) continue;
      request.abort();
      coming.delete(page);
    }
    for (const parts of [shown, missed]) {
      for (const [page, element] of parts) {
        if (stays(page)) continue;
        element.remove();
        parts.delete(page);
      }
    }
    const middle = pageAt(passed + innerHeight / 2);
    const wanted = Array.from({ length: high - low + 1 }, (_, i) => low + i);
    wanted.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    if (focused) wanted.push(Math.max(1, focused - 1), Math.min(pages, focused + 1));
    for (const page of wanted) {
      if (!shown.has(page) && !coming.has(page) && !missed.has(page)) bring(page, isLeap);
    }
    tell(passed);
  }

  /** @param {number} page
   * @param {boolean} isLeap */
  async function bring(page, isLeap) {
    const request = new AbortController();
    coming.set(page, request);
    try {
      if (isLeap) await new Promise((done) => setTimeout(done, LEAP_REST));
      const address = new URL(list.dataset.tiles, location.href);
      address.searchParams.set("page", page);
      const answer = await fetch(address, { signal: request.signal });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      const tiles = /** @type {HTMLElement} */ (first.cloneNode(false));
      tiles.dataset.page = page;
      tiles.innerHTML = await answer.text(); // rendered and escaped by the server
      put(shown, page, tiles);
      showLost(tiles);
    } catch {
      if (!request.signal.aborted) miss(page);
    } finally {
      if (coming.get(page) === request) coming.delete(page);
    }
  }

  /** Says that a chunk could not be had.
   * @param {number} page */
  function miss(page) {
    const part = document.createElement("div");
    part.className = "missed";
    part.style.height = `${top(page + 1) - top(page)}px`;
    const notice = document.createElement("p");
    notice.className = "notice bad";
    notice.setAttribute("role", "status");
    const again = document.createElement("button");
    again.type = "button";
    again.className = "second";
    again.textContent = list.dataset.again;
    again.addEventListener("click", () => {
      for (const [one, element] of missed) {
        element.remove();
        missed.delete(one);
      }
      update();
    });
    notice.append(list.dataset.lost, " ", again);
    part.append(notice);
    put(missed, page, part);
  }

  /** Puts a chunk into its place; in order, for the keyboard and for readers.
   * @param {Map<number, HTMLElement>} parts
   * @param {number} page
   * @param {HTMLElement} element */
  function put(parts, page, element) {
    element.style.top = `${top(page)}px`;
    const later = [...shown, ...missed].filter(([other]) => other > page).sort(([a], [b]) => a - b);
    list.insertBefore(element, later[0]?.[1] ?? null);
    parts.set(page, element);
  }

  /** Says where in the list the window is, and once it rests keeps it in the address.
   * @param {number} passed */
  function tell(passed) {
    place.hidden = passed <= 0;
    const from = Math.floor(Math.max(0, passed) / row) * columns + 1;
    const to = Math.ceil(Math.max(0, passed + innerHeight) / row) * columns;
    const said = { first: Math.min(total, from), last: Math.min(total, to), n: total };
    place.textContent = list.dataset.range.replace(/\{(\w+)\}/g, (_, name) =>
      said[name].toLocaleString(document.documentElement.lang),
    );
    clearTimeout(resting);
    resting = setTimeout(keep, REST);
  }

  function keep() {
    clearTimeout(resting);
    const address = turnedTo(location.href);
    address.hash = "";
    history.replaceState({ ...history.state, ...seen() }, "", address);
    for (const other of document.querySelectorAll("a[hreflang]")) other.href = turnedTo(other.href);
  }

  /** An address with the page that is in the window.
   * @param {string} before */
  function turnedTo(before) {
    const address = new URL(before);
    const page = pageAt(above());
    if (page > 1) address.searchParams.set("page", page);
    else address.searchParams.delete("page");
    return address;
  }
}
