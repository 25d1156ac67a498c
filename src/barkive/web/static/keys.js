// Whether single keys do something: a choice that the browser keeps, for all pages.

const KEPT = "barkive-keys";

/** @returns {boolean} */
export function keysAreOn() {
  return localStorage.getItem(KEPT) !== "off";
}

/** Makes the page's checkbox for it work, where there is one. */
export function offerKeys() {
  const box = document.getElementById("keys");
  if (!box) return;
  box.checked = keysAreOn();
  box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "on" : "off"));
}
