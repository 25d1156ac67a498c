// Days and hours in the reader's zone: `<time datetime>` holds them in UTC, see web/moments.py.

const lang = { en: "en-GB" }[document.documentElement.lang] ?? document.documentElement.lang;
const DAY = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", year: "numeric" });
const HOUR = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** @param {ParentNode} part Of the page. */
function show(part) {
  for (const time of part.querySelectorAll("time[datetime]:not([data-local])")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const day = DAY.format(at);
    const hour = HOUR.format(at);
    time.dataset.local = "";
    time.title = `${day}, ${hour}`;
    if (time.dataset.form === "day") time.textContent = day;
    else time.textContent = day === DAY.format(new Date()) ? hour : `${day}, ${hour}`;
  }
}

show(document);
// Parts of a page come later as well.
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node instanceof Element) show(node.parentNode ?? node);
  }
}).observe(document.body, { childList: true, subtree: true });
