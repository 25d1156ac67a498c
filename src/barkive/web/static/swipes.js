// A finger that is swept over a photo turns the page.

const FAR = 60; // pixels
const STRAIGHT = 2; // so many times as far across as up or down

/** @param {HTMLElement} frame Of the photo.
 * @param {(way: "prev" | "next") => void} turn */
export function swipes(frame, turn) {
  /** @type {PointerEvent | null} */
  let start = null;
  frame.addEventListener("pointerdown", (event) => {
    start = event.pointerType === "touch" && event.isPrimary ? event : null;
  });
  frame.addEventListener("pointerup", (event) => {
    const from = start;
    start = null;
    if (!from || event.pointerId !== from.pointerId || frame.classList.contains("drawing")) return;
    const [x, y] = [event.clientX - from.clientX, event.clientY - from.clientY];
    // Who has made the page larger moves it so.
    if (Math.abs(x) < FAR || Math.abs(x) < STRAIGHT * Math.abs(y) || visualViewport?.scale > 1) return;
    turn(x > 0 ? "prev" : "next");
  });
  frame.addEventListener("pointercancel", () => (start = null));
}
