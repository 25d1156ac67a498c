// Pictures that can't be had: a word takes their place.

/** @param {ParentNode} part */
export function showLost(part) {
  for (const image of part.querySelectorAll(".frame img")) {
    const lose = () => image.classList.add("lost");
    if (image.complete && !image.naturalWidth && image.src) lose();
    else image.addEventListener("error", lose, { once: true });
  }
}
