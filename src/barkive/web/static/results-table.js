// Results as a table for spreadsheets: the rules are those of the server's export.

/**
 * @typedef {{columns: string[], statuses: Record<string, string>, delimiter: string, half: string}} Table
 * @typedef {import("./verdict-card.js").Verdict} Verdict
 */

const BOM = "\ufeff";
// What a spreadsheet may take for a formula, see `defused` in the export.
const FORMULA = /^(\s*[=+\-@＝＋－＠]|[\t\r\n])/;
const WORTH_SHOWING = 0.01;

/** A file that a spreadsheet of the page's language opens right.
 * @param {Verdict[]} verdicts
 * @param {Table} table
 * @param {string} lang */
export function csv(verdicts, table, lang) {
  const quote = (cell) => (/["\r\n]/.test(cell) || cell.includes(table.delimiter) ? `"${cell.replaceAll('"', '""')}"` : cell);
  return BOM + rows(verdicts, table, lang).map((row) => `${row.map(quote).join(table.delimiter)}\r\n`).join("");
}

/** The same to be pasted into a table.
 * @param {Verdict[]} verdicts
 * @param {Table} table
 * @param {string} lang */
export function pasted(verdicts, table, lang) {
  return rows(verdicts, table, lang)
    .map((row) => row.map((cell) => cell.replace(/[\t\r\n]+/g, " ")).join("\t"))
    .join("\n");
}

/** @param {Verdict[]} verdicts
 * @param {Table} table
 * @param {string} lang
 * @returns {string[][]} */
function rows(verdicts, table, lang) {
  const defused = (cell) => (typeof cell === "string" && FORMULA.test(cell) ? `'${cell}` : String(cell ?? ""));
  return [table.columns, ...verdicts.map((one) => cells(one, table, lang).map(defused))];
}

/** @param {Verdict} verdict
 * @param {Table} table
 * @param {string} lang */
function cells({ file, status, breeds, error, error_code: code, model, dogs }, table, lang) {
  const best = status === "dog" ? breeds[0] : null;
  const decimal = (share) => String(Math.round(share * 1e4) / 1e4).replace(".", table.half[1]);
  const percent = (share) => share.toLocaleString(lang, { style: "percent" });
  const boxes = dogs?.map(({ box, breeds: [breed] }) => ({ ...box, breed: breed?.name ?? null }));
  const maybe = breeds
    .filter((one) => one.probability >= WORTH_SHOWING)
    .map((one) => `${one.name} ${percent(one.probability)}`);
  return [
    ...[file, table.statuses[status], best?.name, best && decimal(best.probability)],
    status === "uncertain" ? maybe.join(", ") : null,
    ...[error, code, model, dogs?.length, boxes?.length ? JSON.stringify(boxes) : null],
  ];
}
