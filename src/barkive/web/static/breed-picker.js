// Suggests breeds, or animals, while somebody types a few letters of a name: the combobox with a
// list of the ARIA Authoring Practices.

const WAIT = 80;
let numbers = 0;

/** Gives an input suggestions; what is typed can be sent all the same. A chosen one is told
 * by the event `breedchosen`.
 * @param {HTMLInputElement} input With the address of the breeds in `data-breeds`, or of the
 *   animals in `data-animals`. */
export function enhance(input) {
  numbers += 1;
  const list = document.createElement("ul");
  list.id = `breeds-${numbers}`;
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels?.[0]?.textContent.trim() ?? "");
  const frame = document.createElement("span");
  frame.className = "picker";
  const hadFocus = document.activeElement === input;
  input.replaceWith(frame);
  frame.append(input, list);
  if (hadFocus) input.focus();
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);
  input.autocomplete = "off";
  input.spellcheck = false;
  let chosen = -1;
  let timer = 0;
  /** @type {AbortController | undefined} */
  let request;

  function close() {
    clearTimeout(timer);
    request?.abort();
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    choose(-1);
  }

  /** @param {number} index Of a suggestion; -1 for none. */
  function choose(index) {
    chosen = index;
    [...list.children].forEach((option, i) => {
      option.setAttribute("aria-selected", String(i === chosen));
    });
    const option = list.children[chosen];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  /** @param {HTMLElement} option */
  function accept(option) {
    input.value = option.dataset.name;
    close();
    input.dispatchEvent(new CustomEvent("breedchosen", { bubbles: true }));
  }

  async function suggest() {
    clearTimeout(timer);
    request?.abort();
    const letters = input.value.trim();
    if (!letters) return close();
    request = new AbortController();
    const address = new URL(input.dataset.breeds ?? input.dataset.animals, location.href);
    address.searchParams.set("search", letters);
    address.searchParams.set("limit", "8");
    try {
      const answer = await fetch(address, { signal: request.signal });
      const breeds = answer.ok ? await answer.json() : [];
      if (!breeds.length || document.activeElement !== input) return close();
      list.replaceChildren(...breeds.map(option));
      list.hidden = false;
      input.setAttribute("aria-expanded", "true");
      choose(-1);
    } catch {
      // Overtaken by the next letter, or no server: what is typed can still be sent.
    }
  }

  /** @param {{name: string, en?: string, fr?: string, title?: string, more?: string}} one A breed
   *   with its names, or an animal with what it is called, and what one types to mean it.
   * @param {number} i */
  function option(one, i) {
    const item = document.createElement("li");
    item.id = `${list.id}-${i}`;
    item.setAttribute("role", "option");
    item.dataset.name = one.name;
    item.textContent = one.title ?? one.name;
    const more = one.more ?? (one.name === one.en ? one.fr : one.en);
    if (more !== one.name) {
      const also = document.createElement("small");
      also.textContent = ` ${more}`;
      item.append(also);
    }
    return item;
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    const isOpen = !list.hidden;
    const last = list.children.length - 1;
    if (event.isComposing) return;
    if (event.key === "ArrowDown" && !isOpen) suggest();
    else if (event.key === "ArrowDown") choose(chosen < last ? chosen + 1 : 0);
    else if (event.key === "ArrowUp" && isOpen) choose(chosen > 0 ? chosen - 1 : last);
    else if (event.key === "Enter" && isOpen && chosen >= 0) accept(list.children[chosen]);
    else if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      close();
    } else return;
    event.preventDefault();
  });
  input.addEventListener("blur", close);
  // A press must not take the focus from the input; a finger may still scroll the list.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) accept(option);
  });
}
