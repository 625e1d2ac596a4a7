// Pieces that several views are made of.

import { el, say } from "./dom.js";
import { count, percent } from "./words.js";

// role draws a role: a shape, a word and a colour that say the same.
export function role(cell, name) {
  cell.replaceChildren(el("span", { class: `role is-${name}`, text: name }));
}

// section is a heading with what belongs to it.
export function section(title, ...content) {
  return el("section", {}, el("h3", { text: title }), ...content);
}

// Facts is a list of terms and what they are; what has not changed is left alone.
export class Facts {
  element = el("dl", { class: "facts" });
  #pairs = [];

  // set takes [term, text, tone] each; those without a text are left out.
  set(facts) {
    const said = facts.filter(([, text]) => text !== "" && text !== undefined && text !== null);
    said.forEach(([term, text, tone], i) => {
      this.#pairs[i] ??= this.#add();
      const { dt, dd } = this.#pairs[i];
      say(dt, term);
      if (text instanceof Node) dd.replaceChildren(text);
      else say(dd, String(text));
      dd.className = tone ?? "";
    });
    for (const { dt, dd } of this.#pairs.splice(said.length)) {
      dt.remove();
      dd.remove();
    }
  }

  #add() {
    const pair = { dt: el("dt"), dd: el("dd") };
    this.element.append(pair.dt, pair.dd);
    return pair;
  }
}

// Bars is amounts beside each other, the largest of them as wide as there is room.
export class Bars {
  element = el("div", { class: "bars", role: "list" });
  #lines = [];

  // set takes {label, amount, note, tone, title} each.
  set(amounts) {
    const most = Math.max(1, ...amounts.map((a) => a.amount));
    const all = amounts.reduce((sum, a) => sum + a.amount, 0);
    amounts.forEach((a, i) => {
      const line = (this.#lines[i] ??= this.#add());
      say(line.label, a.label);
      say(line.amount, count(a.amount));
      say(line.share, all > 0 ? percent(a.amount / all) : "");
      say(line.note, a.note ?? "");
      line.bar.hidden = a.amount === 0;
      line.bar.style.width = `${(a.amount / most) * 100}%`;
      line.element.className = `bar ${a.tone ?? ""}`;
      line.element.title = a.title ?? "";
    });
    for (const line of this.#lines.splice(amounts.length)) line.element.remove();
  }

  #add() {
    const [label, amount, share, note] = ["label", "amount", "share", "note"].map((name) => el("span", { class: name }));
    const bar = el("span", { class: "length" });
    const element = el("div", { class: "bar", role: "listitem" }, label, el("span", { class: "room", "aria-hidden": "true" }, bar), amount, share, note);
    this.element.append(element);
    return { element, label, amount, share, note, bar };
  }
}
