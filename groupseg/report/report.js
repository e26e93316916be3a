// @ts-check
// Tables sort by their headings; what is folded opens for a link that leads into it, and for print.
"use strict";
(() => {
  /** @param {string} text @returns {number} the first number in it; of none, what comes last */
  function numberOf(text) {
    const found = Number.parseFloat(text.replace("\u2212", "-").replace("+", ""));
    return Number.isNaN(found) ? -Infinity : found;
  }

  /**
   * Lets a table sort by a column: words rise first and numbers fall; the third time rows stand as they stood.
   * @param {HTMLTableSectionElement} body
   * @param {HTMLTableCellElement} heading
   */
  function sortable(body, heading) {
    const given = [...body.rows];
    const words = heading.classList.contains("word");
    const turns = words ? ["ascending", "descending", ""] : ["descending", "ascending", ""];
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const turn = turns[(turns.indexOf(heading.getAttribute("aria-sort") ?? "") + 1) % turns.length];
      for (const other of heading.parentElement?.children ?? []) other.removeAttribute("aria-sort");
      if (turn) heading.setAttribute("aria-sort", turn);
      const sign = turn === "descending" ? -1 : 1;
      const text = (/** @type {HTMLTableRowElement} */ row) => row.cells[heading.cellIndex].textContent?.trim() ?? "";
      const rows = !turn ? given : [...given].sort((one, other) => {
        const [x, y] = [text(one), text(other)];
        if (words) return sign * x.localeCompare(y, "en");
        const [a, b] = [numberOf(x), numberOf(y)];
        if (a === b) return 0;
        return Number.isFinite(a) && Number.isFinite(b) ? sign * (a - b) : b - a;
      });
      body.append(...rows);
    });
  }

  for (const table of document.querySelectorAll("table")) {
    for (const heading of [...(table.tHead?.rows ?? [])].pop()?.cells ?? []) sortable(table.tBodies[0], heading);
  }

  /** @param {string} hash of an address */
  function reveal(hash) {
    const folded = document.getElementById(decodeURIComponent(hash.slice(1)))?.closest("details");
    if (folded) folded.open = true;
  }
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest('a[href^="#"]');
    if (link) reveal(/** @type {HTMLAnchorElement} */ (link).hash);
  });
  reveal(location.hash);

  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  function unfold() {
    for (const one of document.querySelectorAll("details:not([open])")) opened.push(/** @type {HTMLDetailsElement} */ (one));
    for (const one of opened) one.open = true;
  }
  function fold() {
    for (const one of opened) one.open = false;
    opened = [];
  }
  addEventListener("beforeprint", unfold);
  addEventListener("afterprint", fold);
  const print = matchMedia("print");
  print.addEventListener("change", () => (print.matches ? unfold() : fold()));
  if (print.matches) unfold();

  const links = new Map([.../** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("nav a[href^='#']"))].map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) links.get(entry.target.id)?.classList.toggle("here", entry.isIntersecting);
  }, { rootMargin: "-10% 0px -60% 0px" });
  for (const id of links.keys()) {
    const target = document.getElementById(id);
    if (target) seen.observe(target);
  }
})();
