// Turns each heading of the table of breeds into a button that sorts by its column.
for (const heading of document.querySelectorAll("#breeds thead th")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = heading.textContent;
  heading.replaceChildren(button);
  button.addEventListener("click", () => {
    const column = heading.cellIndex;
    const rows = [...heading.closest("table").tBodies[0].rows];
    const value = (row) => row.cells[column].dataset.value;
    const text = column === 0;
    // Names start with A, numbers with the highest; the second click turns it over.
    const before = heading.getAttribute("aria-sort");
    const ascending = before ? before === "descending" : text;
    rows.sort((a, b) => (text ? value(a).localeCompare(value(b)) : value(a) - value(b)));
    if (!ascending) rows.reverse();
    for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    heading.closest("table").tBodies[0].append(...rows);
  });
}
