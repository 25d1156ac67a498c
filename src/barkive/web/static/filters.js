// Filters beside a list: they fold away where the window is narrow, and keep the address short.

export function foldFilters() {
  const filters = document.getElementById("filters");
  if (filters) {
    // On a phone the filters would push the list out of sight.
    const narrow = matchMedia("(max-width: 56rem)");
    const fold = () => {
      filters.open = !narrow.matches || Boolean(filters.querySelector(".fault"));
    };
    fold();
    narrow.addEventListener("change", fold);
    filters.classList.add("ready");
  }
  // What is empty says nothing, and only makes the address long.
  document.getElementById("search")?.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });
}
