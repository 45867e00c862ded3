// Levers: a control each, as the scenario groups them, with plain names, bounds and meanings.

import {language, t} from "./words.js";

export function say(lever, value) {
  if (value === null || value === undefined) return t("none");
  if (typeof value === "boolean") return value ? t("on") : t("off");
  if (typeof value === "object") return Object.entries(value).filter(([, part]) => part).map(([name, part]) => `${named(lever, name)} ${Math.round(part * 100)} %`).join(", ");
  if (typeof value === "number" && lever?.share) return `${(+(100 * value).toFixed(1)).toLocaleString(language())} %`;
  if (typeof value === "number") return (+value.toPrecision(3)).toLocaleString(language());
  return named(lever, value);
}

const named = (lever, choice) => lever?.names?.[choice] ?? `${choice}`.replaceAll("_", " ");

export class Lever {
  constructor(about, onChange) {
    this.about = about;
    const id = `lever-${about.key.replaceAll(".", "-")}-${Math.random().toString(36).slice(2, 7)}`;
    this.block = document.createElement("div");
    this.block.className = `lever ${about.kind}`;
    this.block.dataset.key = about.key;
    const head = document.createElement("div"), name = document.createElement("label"), doc = document.createElement("p");
    head.className = "name";
    name.textContent = about.label[0].toUpperCase() + about.label.slice(1);
    name.htmlFor = id;
    this.value = document.createElement("output");
    head.append(name, this.value);
    this.input = this.made(id);
    doc.textContent = about.doc;
    if (about.doc_language !== language()) doc.lang = about.doc_language;
    doc.id = `${id}-doc`;
    this.input.setAttribute("aria-describedby", doc.id);
    if (about.kind === "switch") head.prepend(this.input); // one row, in which the name is pressed too
    this.block.append(head, ...(about.kind === "switch" ? [] : [this.input]), doc);
    this.value.hidden = about.kind === "choice";
    this.input.addEventListener("input", () => { this.value.textContent = say(about, this.read()); onChange(about, this.read(), true); });
    this.input.addEventListener("change", () => onChange(about, this.read(), false));
  }

  made(id) {
    const {kind, choices, low, high} = this.about;
    let input;
    if (kind === "choice") {
      input = document.createElement("select");
      for (const choice of choices) input.append(new Option(named(this.about, choice), choice));
    } else {
      input = document.createElement("input");
      input.type = kind === "switch" ? "checkbox" : "range";
      if (kind !== "switch") Object.assign(input, {min: low, max: high, step: kind === "whole" ? 1 : step(high - low)});
    }
    input.id = id;
    return input;
  }

  read() {
    if (this.about.kind === "switch") return this.input.checked;
    return this.about.kind === "choice" ? this.input.value : Number(this.input.value);
  }

  show(value, base, idle) {
    const {kind} = this.about;
    if (kind === "switch") this.input.checked = Boolean(value);
    else if (typeof value === "number" || typeof value === "string") {
      if (kind !== "choice" && Number(value) > Number(this.input.max)) this.input.max = value;
      this.input.value = value;
    }
    const odd = value === null || (kind !== "choice" && kind !== "switch" && typeof value !== "number"); // e.g. firms that are in a file
    this.input.disabled = odd || idle;
    this.block.classList.toggle("idle", this.input.disabled);
    this.block.title = idle ? t("Says how an ecosystem begins: it can be changed from the start only") : this.about.key;
    this.value.textContent = odd ? t("as in its file") : say(this.about, value);
    this.block.classList.toggle("changed", JSON.stringify(value) !== JSON.stringify(base));
  }

  suits(words) {
    const text = `${this.about.key} ${this.about.label} ${this.about.doc}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }
}

function step(span) {
  return span <= 2 ? 0.01 : span <= 20 ? 0.1 : span <= 200 ? 0.5 : 10 ** (Math.floor(Math.log10(span)) - 2);
}
