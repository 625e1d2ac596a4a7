// A table of any length: only the rows in sight are elements. Columns sort, rows are walked with the keyboard.

import { el, say } from "./dom.js";

const spare = 8; // rows drawn beyond either edge

// A column has an id (its style class is c-ID), a title, and text(row, now) of its cells; value(row) to sort by, unless that
// is the text; long if the text may need several lines where there is little room; draw(cell, row, now) where a text is not
// enough: then text says whether it has to be drawn again.
export class Table {
  #columns;
  #options;
  #rows = [];
  #shown = new Map(); // key of a row → {line, cells, drawn}
  #heads = new Map(); // id of a column → its head
  #order; // {column, down}
  #current = null; // key of the row that the keyboard is at
  #above = el("tr", { class: "space", "aria-hidden": "true" });
  #below = el("tr", { class: "space", "aria-hidden": "true" });
  #body = el("tbody");
  #void;
  #now = 0;

  // Options: label, key(row), scroller (the element that scrolls), sort (id of a column), open(row), tone(row), nothing (a text).
  constructor(columns, options) {
    this.#columns = columns;
    this.#options = options;
    this.#order = { column: columns.find((c) => c.id === options.sort), down: options.down ?? false };
    this.#body.append(this.#above, this.#below);
    this.#void = el("caption", { class: "quiet", hidden: true, text: options.nothing ?? "" });
    const table = el("table", { class: "rows", "aria-label": options.label }, this.#void,
      el("thead", {}, el("tr", {}, ...columns.map((c) => this.#head(c)))), this.#body);
    this.element = el("div", { class: `table ${options.class ?? ""}` }, table);
    this.table = table;
    this.#body.addEventListener("keydown", (event) => this.#walk(event));
    if (options.open) this.#body.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.draw()).observe(options.scroller);
    options.scroller.addEventListener("scroll", () => this.draw(), { passive: true });
  }

  #head(column) {
    const head = el("th", { scope: "col", class: `c-${column.id}`, title: column.hint });
    if (column.title && column.sorts !== false) {
      head.append(el("button", { type: "button", text: column.title, click: () => this.#sortBy(column) }));
    } else {
      head.append(el("span", { text: column.title }));
    }
    this.#heads.set(column.id, head);
    return head;
  }

  #sortBy(column) {
    this.#order = { column, down: this.#order.column === column && !this.#order.down };
    this.set(this.#rows, this.#now);
  }

  // set shows these rows, in its order.
  set(rows, now) {
    const { column, down } = this.#order;
    this.#now = now;
    this.#rows = rows.slice();
    if (column) {
      const value = column.value ?? column.text;
      const sign = down ? -1 : 1;
      this.#rows.sort((a, b) => sign * compare(value(a, now), value(b, now)) || (a.rank ?? 0) - (b.rank ?? 0));
    }
    for (const [id, head] of this.#heads) {
      if (id === column?.id) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    this.table.setAttribute("aria-rowcount", rows.length + 1);
    this.#void.hidden = rows.length > 0;
    this.draw(now);
  }

  // draw brings what is in sight up to date.
  draw(now = this.#now) {
    this.#now = now;
    if (!this.element.isConnected) return;
    const [first, end, height] = this.#inSight();
    this.#above.style.height = `${first * height}px`;
    this.#below.style.height = `${(this.#rows.length - end) * height}px`;
    const wanted = new Map();
    for (let i = first; i < end; i++) wanted.set(this.#options.key(this.#rows[i]), i);
    for (const [key, shown] of this.#shown) {
      if (wanted.has(key)) continue;
      shown.line.remove();
      this.#shown.delete(key);
    }
    const stop = wanted.has(this.#current) ? this.#current : wanted.keys().next().value; // where the tabulator key stops
    let place = this.#above.nextSibling;
    for (const [key, i] of wanted) {
      const shown = this.#shown.get(key) ?? this.#line(key);
      if (shown.line === place) place = place.nextSibling;
      else this.#body.insertBefore(shown.line, place);
      this.#fill(shown, this.#rows[i], i);
      if (this.#options.open) shown.line.tabIndex = key === stop ? 0 : -1;
    }
  }

  // inSight is the range of rows to be drawn, and the height of one.
  #inSight() {
    const { scroller } = this.#options;
    const height = parseFloat(getComputedStyle(this.element).getPropertyValue("--row"));
    const top = scroller.getBoundingClientRect().top - this.#body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / height) - spare);
    const end = Math.min(this.#rows.length, Math.ceil((top + scroller.clientHeight) / height) + spare);
    return [Math.min(first, this.#rows.length), Math.max(end, Math.min(first, this.#rows.length)), height];
  }

  #line(key) {
    const lines = this.#columns.map((c) => el("td", { class: `c-${c.id}` }, c.long ? el("span", { class: "clamp" }) : null));
    const shown = { line: el("tr", {}, ...lines), cells: lines.map((cell) => cell.firstChild ?? cell), drawn: [] };
    this.#shown.set(key, shown);
    return shown;
  }

  #fill(shown, row, i) {
    const { line, cells, drawn } = shown;
    const { tone, chosen } = this.#options;
    shown.row = row;
    this.#columns.forEach((column, n) => {
      const text = column.text(row, this.#now);
      if (drawn[n] === text) return;
      drawn[n] = text;
      if (column.draw) column.draw(cells[n], row, this.#now);
      else {
        say(cells[n], text);
        cells[n].title = text.length > 12 ? text : "";
      }
    });
    line.setAttribute("aria-rowindex", i + 2);
    line.className = tone?.(row, this.#now) ?? "";
    line.classList.toggle("odd", i % 2 === 1);
    if (chosen?.(row)) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
  }

  #click(event) {
    const line = event.target.closest("tr");
    if (getSelection().toString() || event.target.closest("a")) return;
    for (const [key, shown] of this.#shown) {
      if (shown.line !== line) continue;
      this.#current = key;
      this.#options.open(shown.row);
    }
  }

  #walk(event) {
    if (!this.#options.open || event.target.tagName !== "TR" || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = Number(event.target.getAttribute("aria-rowindex")) - 2;
    const [first, end] = this.#inSight();
    const page = Math.max(1, end - first - 2 * spare - 1);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: this.#rows.length - 1 };
    if (event.key === "Enter") {
      this.#current = this.#options.key(this.#rows[at]);
      this.#options.open(this.#rows[at]);
    } else if (event.key in moves) this.#go(Math.max(0, Math.min(this.#rows.length - 1, moves[event.key])));
    else return;
    event.preventDefault();
  }

  // focus gives the keyboard the row that it was at.
  focus() {
    this.#shown.get(this.#current)?.line.focus({ preventScroll: true });
  }

  // go moves the keyboard to a row.
  #go(i) {
    const { scroller, key } = this.#options;
    const height = this.#inSight()[2];
    const head = this.table.tHead.offsetHeight;
    const top = this.#body.getBoundingClientRect().top - scroller.getBoundingClientRect().top + i * height;
    if (top < head) scroller.scrollTop += top - head;
    else if (top + height > scroller.clientHeight) scroller.scrollTop += top + height - scroller.clientHeight;
    this.#current = key(this.#rows[i]);
    this.draw();
    this.focus();
  }
}

function compare(a, b) {
  if (typeof a === "string") return a.localeCompare(b);
  return (a ?? -Infinity) - (b ?? -Infinity);
}
