// The gallery: keeps only the photos near the window in the page, however many there are.

import { enhance } from "./breed-picker.js";
import { showLost } from "./lost.js";

// So many windows above and below are kept.
const AHEAD = 1;
const TELL_AFTER = 150;

const filters = document.getElementById("filters");
// On a phone the filters would push the photos out of sight.
if (filters && matchMedia("(max-width: 56rem)").matches && !filters.querySelector(".fault")) {
  filters.open = false;
}
for (const input of document.querySelectorAll("[data-breeds]")) enhance(input);
showLost(document);

const list = document.getElementById("list");
if (list && Number(list.dataset.total) > Number(list.dataset.chunk)) virtual(list);

/** @param {HTMLElement} list */
function virtual(list) {
  const total = Number(list.dataset.total);
  const chunk = Number(list.dataset.chunk);
  const pages = Math.ceil(total / chunk);
  const place = document.getElementById("place");
  /** @type {Map<number, HTMLElement>} */
  const shown = new Map();
  /** @type {Map<number, AbortController>} */
  const coming = new Map();
  const first = list.querySelector(".tiles");
  let row = 0;
  let columns = 1;

  document.getElementById("turn").hidden = true;
  list.classList.add("virtual");
  shown.set(Number(first.dataset.page), first);
  measure();
  const start = Number(list.dataset.page);
  if (start > 1 && performance.getEntriesByType("navigation")[0]?.type !== "back_forward") {
    scrollTo({ top: list.offsetTop + top(start) });
  }
  addEventListener("scroll", soon, { passive: true });
  new ResizeObserver(() => {
    const old = row * columns;
    const at = visible();
    measure();
    if (old !== row * columns) scrollTo({ top: list.offsetTop + top(at) });
    update();
  }).observe(list);
  update();

  function measure() {
    const tiles = shown.values().next().value;
    const style = getComputedStyle(tiles);
    columns = Number(style.getPropertyValue("--columns"));
    row = tiles.firstElementChild.getBoundingClientRect().height + Number.parseFloat(style.rowGap);
    list.style.height = `${Math.ceil(total / columns) * row}px`;
    for (const [page, element] of shown) element.style.top = `${top(page)}px`;
  }

  /** Where a page begins.
   * @param {number} page */
  function top(page) {
    return ((page - 1) * chunk * row) / columns;
  }

  /** The page at the top of the window. */
  function visible() {
    const height = (chunk / columns) * row;
    const above = scrollY - list.offsetTop;
    return Math.min(pages, Math.max(1, Math.floor(above / height) + 1));
  }

  let waiting = false;
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      update();
    });
  }

  function update() {
    const height = (chunk / columns) * row;
    const from = scrollY - list.offsetTop - AHEAD * innerHeight;
    const to = scrollY - list.offsetTop + (1 + AHEAD) * innerHeight;
    const low = Math.min(pages, Math.max(1, Math.floor(from / height) + 1));
    const high = Math.min(pages, Math.max(1, Math.floor(to / height) + 1));
    for (const [page, request] of coming) {
      if (page < low || page > high) {
        request.abort();
        coming.delete(page);
      }
    }
    for (const [page, element] of shown) {
      // What has the focus stays, or the keyboard would lose its place.
      if ((page < low || page > high) && !element.contains(document.activeElement)) {
        element.remove();
        shown.delete(page);
      }
    }
    for (let page = low; page <= high; page += 1) {
      if (!shown.has(page) && !coming.has(page)) bring(page);
    }
    tell();
  }

  /** @param {number} page */
  async function bring(page) {
    const request = new AbortController();
    coming.set(page, request);
    try {
      const address = new URL("/photos/tiles", location.href);
      address.search = list.dataset.query;
      address.searchParams.set("page", page);
      const answer = await fetch(address, { signal: request.signal });
      if (!answer.ok) throw new Error(answer.statusText);
      const tiles = document.createElement("ul");
      tiles.className = "tiles";
      tiles.setAttribute("aria-label", first.getAttribute("aria-label"));
      tiles.insertAdjacentHTML("beforeend", await answer.text());
      tiles.style.top = `${top(page)}px`;
      const next = [...shown].filter(([other]) => other > page).sort(([a], [b]) => a - b)[0];
      list.insertBefore(tiles, next ? next[1] : null); // in order, for the keyboard
      shown.set(page, tiles);
      showLost(tiles);
    } catch {
      // Passed over, or to be asked for again at the next movement.
    } finally {
      if (coming.get(page) === request) coming.delete(page);
    }
  }

  let telling;
  /** Says where in the list the window is, and keeps it in the address. */
  function tell() {
    const above = Math.max(0, scrollY - list.offsetTop);
    const number = Math.min(total, Math.floor(above / row) * columns + 1);
    const last = Math.min(total, Math.floor((above + innerHeight) / row) * columns + columns);
    const shownAs = { first: number, last, n: total };
    place.textContent = list.dataset.range.replace(/\{(\w+)\}/g, (_, name) =>
      shownAs[name].toLocaleString(document.documentElement.lang),
    );
    place.hidden = scrollY < list.offsetTop;
    clearTimeout(telling);
    telling = setTimeout(() => {
      const address = new URL(location.href);
      const page = visible();
      if (page > 1) address.searchParams.set("page", page);
      else address.searchParams.delete("page");
      history.replaceState(history.state, "", address);
    }, TELL_AFTER);
  }
}
