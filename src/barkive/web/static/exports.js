// Shows of the options of an export those alone that the chosen form has.

const choice = document.getElementById("export-choice");

function show() {
  const chosen = choice.querySelector('input[name="form"]:checked')?.value;
  for (const option of choice.querySelectorAll("[data-for]")) {
    const has = JSON.parse(option.dataset.for).includes(chosen);
    option.hidden = !has;
    for (const field of option.querySelectorAll("input, select, textarea")) field.disabled = !has;
  }
}

if (choice) {
  choice.addEventListener("change", show);
  // Also where the browser has filled the form in, as it does on the way back.
  window.addEventListener("pageshow", show);
  show();
}
