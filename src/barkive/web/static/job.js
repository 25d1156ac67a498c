// Follows a job as the server tells of it, until it rests.

/** @param {HTMLElement} page With the address of the events in `data-events`.
 * @param {string} lost What is said while there is no answer, in the part `lost`.
 * @param {(job: any) => void} show */
export function follow(page, lost, show) {
  if (page.dataset.ended !== "no") return;
  const notice = document.getElementById("lost");
  const events = new EventSource(page.dataset.events);
  events.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  events.addEventListener("open", () => {
    notice.hidden = true;
  });
  events.addEventListener("error", () => {
    // The browser tries again by itself, unless the server knows no such job.
    if (events.readyState === EventSource.CLOSED) location.reload();
    notice.textContent = lost;
    notice.hidden = false;
  });
  events.addEventListener("end", () => {
    events.close();
    location.reload(); // what came of it, with all that can be done then
  });
}

/** A sentence with its numbers.
 * @param {{one: string, other: string}} forms
 * @param {number} n
 * @param {Record<string, number>} values */
export function filled(forms, n, values = {}) {
  const lang = document.documentElement.lang;
  const form = forms[n === 1 || (lang === "fr" && n === 0) ? "one" : "other"];
  const shown = { n, ...values };
  return form.replace(/\{(\w+)\}/g, (_, name) => shown[name].toLocaleString(lang));
}
