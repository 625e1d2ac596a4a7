// Elements in few words. Text is always set as text: nothing that a daemon or a stranger on its links says is ever read
// as markup.

import { age } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

// el makes an element. Properties that are functions become listeners, true and false attributes without a value.
export function el(tag, props = {}, ...children) {
  return furnish(document.createElement(tag), props, children);
}

// svg makes an element of a drawing.
export function svg(tag, props = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), props, children);
}

function furnish(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "text") node.textContent = value;
    else if (typeof value === "boolean") node.toggleAttribute(name, value);
    else if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// say sets a text unless it is there already, so that what somebody has selected stays selected.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// ageOf is an element that goes on telling how long ago an instant was. Tick keeps it right.
export function ageOf(at, now) {
  const node = el("time", { class: "age", datetime: new Date(at).toISOString(), title: new Date(at).toLocaleString() });
  node.at = at;
  tickOne(node, now);
  return node;
}

// tick moves all ages on.
export function tick(now) {
  for (const node of document.querySelectorAll("time.age")) tickOne(node, now);
}

function tickOne(node, now) {
  say(node, age((now - node.at) / 1000));
}
