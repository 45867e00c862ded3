// What pages say, in the language that is asked for (?lang=, ?language=) or else the browser's; the words are the server's, a file a language.

import {ask} from "./asking.js";

let told = {language: "en", languages: ["en"], lesson: {}, cockpit: {}, room: {}, abouts: {}, sharing: {}};

/** Fetch the words of a language; one that is not spoken gives English. */
export async function learn(language) {
  told = await ask(`/api/words?language=${encodeURIComponent(language)}`);
  return told;
}

/** The language of an address, or the browser's. */
export function wanted() {
  const asked = new URLSearchParams(location.search);
  return asked.get("lang") || asked.get("language") || navigator.language || "en";
}

export const language = () => told.language;

/** A sentence in the language, with names and numbers in its braces. */
export function t(text, values = {}) {
  return (told.room[text] ?? told.cockpit[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The sharing rules by name, each with its `name` on a lever and its `phrase` in a sentence. */
export const sharingRules = () => told.sharing;

/** What a shipped scenario is about, in the language; undefined where only English says it. */
export const aboutOf = (name) => told.abouts[name];

/** A number as the language writes it, with so many digits after the point. */
export const number = (value, digits = 0) => value.toLocaleString(told.language, {minimumFractionDigits: digits, maximumFractionDigits: digits});

/** A number with three digits, or without any after the point once it is that large. */
export const short = (value) => (Math.abs(value) >= 100 ? number(value) : (+value.toPrecision(3)).toLocaleString(told.language));

/** Turn a page that is written in English into the language: its text, titles, labels and hints. */
export function translate(root) {
  if (told.language === "en") return;
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) {
      const words = node.data.trim().replace(/\s+/g, " ");
      if (words) node.data = node.data.replace(node.data.trim(), () => t(words));
    } else for (const name of ["title", "aria-label", "placeholder"]) if (node.hasAttribute(name)) node.setAttribute(name, t(node.getAttribute(name)));
  }
}

/** The languages there are, in a select: each by its own name. */
export function offer(select, languages, chosen, onChoose) {
  const names = (code) => { try { return new Intl.DisplayNames([code], {type: "language"}).of(code); } catch { return code; } };
  select.append(...languages.map((code) => new Option(names(code), code, false, code === chosen)));
  select.onchange = () => onChoose(select.value);
}
