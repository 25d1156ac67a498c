// Suggests breeds while somebody types a few letters of a name, in either language: the
// combobox with a list of the ARIA Authoring Practices.

const WAIT = 80;
let numbers = 0;

/** Gives an input suggestions; what is typed can be sent all the same.
 * @param {HTMLInputElement} input With the language in `data-breeds`. */
export function enhance(input) {
  numbers += 1;
  const list = document.createElement("ul");
  list.id = `breeds-${numbers}`;
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels?.[0]?.textContent ?? "");
  const frame = document.createElement("span");
  frame.className = "picker";
  input.replaceWith(frame);
  frame.append(input, list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", list.id], ["autocomplete", "off"], ["spellcheck", "false"]]) {
    input.setAttribute(name, value);
  }
  let chosen = -1;
  let timer;
  /** @type {AbortController | undefined} */
  let request;

  function close() {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  function choose(index) {
    const options = [...list.children];
    chosen = (index + options.length) % options.length;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === chosen)));
    input.setAttribute("aria-activedescendant", options[chosen].id);
    options[chosen].scrollIntoView({ block: "nearest" });
  }

  /** @param {Element} option */
  function accept(option) {
    input.value = option.dataset.name;
    close();
    input.dispatchEvent(new CustomEvent("breedchosen", { bubbles: true }));
  }

  async function suggest() {
    request?.abort();
    request = new AbortController();
    const letters = input.value.trim();
    if (!letters) return close();
    const address = `/api/v1/breeds?${new URLSearchParams({ search: letters, limit: "8", lang: input.dataset.breeds })}`;
    try {
      const answer = await fetch(address, { signal: request.signal });
      const breeds = await answer.json();
      if (!breeds.length || document.activeElement !== input) return close();
      list.replaceChildren(
        ...breeds.map((breed, i) => {
          const option = document.createElement("li");
          option.id = `${list.id}-${i}`;
          option.setAttribute("role", "option");
          option.setAttribute("aria-selected", "false");
          option.dataset.name = breed.name;
          option.textContent = breed.name;
          const other = breed.name === breed.en ? breed.fr : breed.en;
          if (other !== breed.name) {
            const also = document.createElement("small");
            also.textContent = ` ${other}`;
            option.append(also);
          }
          return option;
        }),
      );
      list.hidden = false;
      chosen = -1;
      input.setAttribute("aria-expanded", "true");
    } catch {
      // Overtaken by the next letter, or no server: what is typed can still be sent.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "ArrowDown" && list.hidden) {
      event.preventDefault();
      suggest();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden) {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? chosen + 1 : chosen < 0 ? -1 : chosen - 1);
    } else if (event.key === "Enter" && !list.hidden && chosen >= 0) {
      event.preventDefault();
      accept(list.children[chosen]);
    }
  });
  input.addEventListener("blur", () => close());
  // Before the input loses the focus.
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) accept(option);
  });
}
