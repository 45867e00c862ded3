// A lesson: questions before, pages of one idea each on which people bet before they see, questions after.

import {ask, spread} from "./asking.js";
import {Chart, chartOf} from "./charts.js";
import {Drawing} from "./drawing.js";
import {speak} from "./words.js";

const $ = (id) => document.getElementById(id);
const YEAR = 12, TOKEN = "rising-tide-token";
const asked = new URLSearchParams(location.search);
let say, lesson, series, step = 0, steps = [];
const kept = {before: [], after: [], bets: {}};

const make = (name, words = {}, ...inside) => {
  const made = Object.assign(document.createElement(name), words);
  made.append(...inside);
  return made;
};

function show(...parts) {
  $("card").replaceChildren(...parts);
  $("card").focus();
  scrollTo(0, 0);
  $("progress").max = Math.max(1, steps.length - 1);
  $("progress").value = step;
}

function go(to) {
  step = Math.max(0, Math.min(steps.length - 1, to));
  steps[step]();
}

function onward(ready = true, words = say.next) {
  const next = make("button", {className: "main", textContent: words, disabled: !ready, onclick: () => go(step + 1)});
  const back = make("button", {textContent: say.back, onclick: () => go(step - 1)});
  const row = make("p", {className: "next"}, ...(step ? [back] : []), next);
  row.ready = (yes) => { next.disabled = !yes; };
  return row;
}

function choices(legend, texts, chosen, onChoose) {
  const set = make("fieldset", {className: "bet"}, make("legend", {textContent: legend}));
  const name = `bet-${Math.random().toString(36).slice(2)}`;
  set.options = texts.map((text, k) => {
    const input = make("input", {type: "radio", name, value: k, checked: chosen === k, onchange: () => onChoose(k)});
    const label = make("label", {}, input, make("span", {textContent: text}));
    set.append(label);
    return label;
  });
  set.show = (mine, right, words = say.right) => {
    for (const input of set.querySelectorAll("input")) input.disabled = true;
    if (right !== null) set.options[right].classList.add("right");
    if (right !== null) set.options[right].append(make("em", {textContent: `✓ ${words}`}));
    if (mine !== null && mine !== right) {
      set.options[mine].classList.add("missed");
      set.options[mine].append(make("em", {textContent: say.yours}));
    }
  };
  return set;
}

// Questions before and after

function quiz(when) {
  const given = kept[when], next = onward(false, when === "after" ? say.finish : say.next);
  const sets = lesson.quiz.map((question, k) => choices(question.question, question.choices, given[k], (choice) => {
    given[k] = choice;
    next.ready(lesson.quiz.every((_, each) => given[each] !== undefined));
  }));
  next.ready(lesson.quiz.every((_, each) => given[each] !== undefined));
  show(make("h2", {textContent: when === "before" ? say.before : say.again}),
    make("p", {textContent: when === "before" ? say.beforeText : say.againText}), ...sets, make("p", {className: "kind", textContent: say.done}), next);
}

const score = (when) => lesson.quiz.filter((question, k) => kept[when][k] === question.answer).length;

// Runs

async function runOf(world) {
  const found = await ask("/api/run", world);
  return spread(found.series, found.months);
}

function at(values, when) {
  if (typeof when === "number") return values[Math.min(when, values.length) - 1];
  const part = when === "start" ? values.slice(0, YEAR) : values.slice(-YEAR);
  return part.reduce((sum, value) => sum + value, 0) / part.length;
}

const spelled = (name, value) => {
  if (["share", "0 to 1"].includes(series[name].unit)) return `${Math.round(100 * value)} %`;
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString(lesson.language) : (+value.toPrecision(3)).toLocaleString(lesson.language);
};

const filled = (text, run, base) => text.replace(/\{(?:(base)\.)?([a-z_0-9]+)@(start|end|\d+)\}/g,
  (_, other, name, when) => spelled(name, at((other ? base : run)[name], /\d/.test(when) ? Number(when) : when)));

function right(page, run, base) {
  const {series: name, at: when, of} = page.outcome, value = at(run[name], when);
  const other = of === "start" ? at(run[name], "start") : of === "base" ? at(base[name], when) : 1;
  const number = other ? value / other : value ? Infinity : NaN;
  const place = page.choices.findIndex((choice) => choice.below !== null && number < choice.below);
  return place < 0 ? page.choices.length - 1 : place;
}

function chartsOf(page, run, ghost, others = []) {
  const block = make("div");
  for (const name of page.shows) {
    const chart = new Chart(block, {...chartOf(name, series), ...(chartOf(name, series).names ? {series: [name], names: null} : {})}, () => {}, () => {});
    chart.draw({run, ghost, others, events: [...page.world.events, ...page.change.events]});
    chart.seek(run.month.length);
  }
  return block;
}

// Pages

const changed = (page) => JSON.stringify(page.asks.changed) !== JSON.stringify(page.asks.base);
const head = (page) => [make("p", {className: "kind", textContent: say[page.kind]}), make("h2", {textContent: page.title}), ...paragraphs(page.text)];
const paragraphs = (text) => text.trim().split(/\n\s*\n/).map((part) => make("p", {textContent: part.replaceAll("\n", " ")}));
const note = (page) => changed(page) ? [make("p", {className: "kind", textContent: say.without})] : [];

function read(page) {
  show(...head(page), onward());
}

async function both(page) {
  const [run, base] = await Promise.all([runOf(page.asks.changed), runOf(page.asks.base)]);
  return [run, base];
}

function choose(page, number) {
  const next = onward(kept.bets[number] !== undefined && kept.bets[number].seen);
  const reveal = make("button", {className: "main", textContent: say.reveal, disabled: true});
  const place = make("div");
  let mine = kept.bets[number]?.choice ?? null;
  const set = choices(say.bet, page.choices.map((choice) => choice.text), mine, (choice) => { mine = choice; reveal.disabled = false; });
  const open = async () => {
    reveal.disabled = true;
    const [run, base] = await both(page), answer = right(page, run, base);
    kept.bets[number] = {choice: mine, right: mine === answer, seen: true};
    set.show(mine, answer);
    reveal.remove();
    place.append(make("p", {className: "after", textContent: filled(page.after, run, base)}), ...note(page), chartsOf(page, run, changed(page) ? base : null));
    next.ready(true);
  };
  reveal.onclick = () => open().catch(complain);
  show(...head(page), set, make("p", {}, reveal), place, next);
  if (kept.bets[number]?.seen) open().catch(complain);
}

async function draw(page, number) {
  const [run, base] = await both(page), name = page.shows[0], about = chartOf(name, series);
  const highest = [...run[name], ...base[name]].reduce((one, other) => Math.max(one, other ?? 0), 0);
  const power = 10 ** Math.floor(Math.log10(highest || 1)), top = about.share ? 1 : [1.5, 2, 3, 4, 5, 8, 10, 15].map((k) => k * power).find((k) => k >= 1.25 * highest) || 1;
  const next = onward(false), place = make("div");
  const reveal = make("button", {className: "main", textContent: say.reveal, disabled: true});
  const drawing = new Drawing(run.month.length, top, (value) => spelled(name, value), `${say.draw}: ${about.title}`, (full) => { reveal.disabled = !full; });
  reveal.onclick = () => {
    const off = drawing.reveal(run[name], changed(page) ? base[name] : null);
    kept.bets[number] = {line: drawing.values.map((value) => +value.toPrecision(4)), seen: true};
    reveal.remove();
    place.append(make("p", {className: "kind", textContent: `${say.off} ${spelled(name, off)}.`}), make("p", {className: "after", textContent: filled(page.after, run, base)}), ...note(page));
    next.ready(true);
  };
  show(...head(page), make("h3", {textContent: about.title}), drawing.svg, make("p", {className: "kind", textContent: say.drawText}), make("p", {}, reveal), place, next);
}

async function lever(page) {
  const base = await runOf(page.asks.base), place = make("div"), next = onward(false), seen = new Set();
  const stops = page.asks.values.map((world, k) => {
    const value = page.values[k];
    const button = make("button", {textContent: typeof value === "number" && value < 1 && page.share ? `${+(100 * value).toFixed(1)} %` : `${value}`});
    button.setAttribute("aria-pressed", "false");
    button.onclick = async () => {
      for (const other of stops) other.setAttribute("aria-pressed", String(other === button));
      const run = await runOf(world);
      place.replaceChildren(chartsOf(page, run, base));
      seen.add(k);
      if (seen.size > 1) { next.ready(true); after.hidden = false; }
    };
    return button;
  });
  const after = make("p", {className: "after", textContent: filled(page.after, base, base), hidden: true});
  const group = make("div", {className: "stops"}, ...stops);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", page.label);
  place.append(chartsOf(page, base, null));
  show(...head(page), make("h3", {textContent: page.label[0].toUpperCase() + page.label.slice(1)}), group, place, after, next);
}

function sandbox(page) {
  const state = encodeURIComponent(JSON.stringify({...page.asks.changed, charts: page.shows.length ? page.shows : null}));
  const link = make("a", {href: `/#${state}`, target: "_blank", textContent: say.open});
  show(...head(page), make("p", {textContent: `${say.worth} ${page.labels.join(", ")}.`}), make("p", {}, link), onward());
}

const KINDS = {read, choose, draw, lever, sandbox};

// Beginning and end

function cover() {
  show(make("h2", {textContent: lesson.title}), make("p", {className: "kind", textContent: `${lesson.minutes} ${say.minutes}`}),
    make("p", {textContent: `${say.goals}:`}), make("ul", {}, ...lesson.goals.map((goal) => make("li", {textContent: goal}))), onward(true, say.begin),
    make("p", {className: "kind"}, make("a", {href: `/lessons?name=${encodeURIComponent(lesson.name)}&language=${encodeURIComponent(lesson.language)}&class=`, textContent: say.klass})));
}

function end() {
  const bets = Object.values(kept.bets).filter((bet) => "choice" in bet), won = bets.filter((bet) => bet.right).length, all = lesson.quiz.length;
  const wrong = lesson.quiz.map((question, k) => {
    const set = choices(question.question, question.choices, kept.after[k], () => {});
    set.show(kept.after[k], question.answer, say.correct);
    return make("div", {}, set, make("p", {className: "kind", textContent: question.why}));
  });
  show(make("h2", {textContent: say.idea}), make("p", {className: "after", textContent: lesson.idea}),
    make("p", {className: "score", textContent: `${say.result}: ${score("before")} ${say.of} ${all} ${say.beforeScore}, ${score("after")} ${say.of} ${all} ${say.afterScore}; ${won} ${say.of} ${bets.length} ${say.bets}.`}),
    ...wrong, make("h2", {textContent: say.debrief}), make("ol", {className: "debrief"}, ...lesson.debrief.map((question) => make("li", {textContent: question}))),
    make("p", {className: "next"}, make("button", {textContent: say.back, onclick: () => go(step - 1)}), make("a", {href: "/lessons", textContent: say.lessons})));
  send();
}

async function send() { // without a name; a token of this browser keeps one person from counting twice
  if (kept.sent) return;
  kept.sent = true;
  let token = sessionStorage.getItem(TOKEN);
  if (!token) sessionStorage.setItem(TOKEN, token = crypto.getRandomValues(new Uint32Array(3)).join("-"));
  const bets = Object.fromEntries(Object.entries(kept.bets).map(([number, bet]) => [number, bet.choice ?? bet.line]));
  await ask("/api/answers", {lesson: lesson.name, who: token, before: kept.before, after: kept.after, bets}).catch(() => {});
}

// The class, for the teacher

async function klass() {
  const found = await ask(`/api/class?lesson=${encodeURIComponent(lesson.name)}`);
  const blocks = lesson.pages.flatMap((page, number) => {
    if (page.kind !== "choose" || !found.bets[number]) return [];
    const rows = page.choices.map((choice, k) => make("li", {textContent: `${choice.text}: ${found.bets[number][k] ?? 0}`}));
    return [make("h3", {textContent: page.title}), make("ul", {}, ...rows)];
  });
  const told = found.gain ? `${say.gain}: ${(100 * found.gain.mean).toFixed(0)} % (${(100 * found.gain.low).toFixed(0)} – ${(100 * found.gain.high).toFixed(0)} %); ${say.effect}: ${found.gain.hedges === null ? say.same : found.gain.hedges.toFixed(2)}` : say.few;
  show(make("h2", {textContent: `${say.klass}: ${lesson.title}`}), make("p", {textContent: `${found.people} ${say.people}`}), make("p", {className: "score", textContent: told}), ...blocks);
}

function list(all, language) {
  const names = [...new Set(all.map((each) => each.name))];
  const best = names.map((name) => all.find((each) => each.name === name && each.language === language) || all.find((each) => each.name === name));
  show(make("h2", {textContent: say.lessons}), make("ul", {className: "lessons"}, ...best.map((each) => make("li", {},
    make("a", {href: `/lessons?name=${encodeURIComponent(each.name)}&language=${encodeURIComponent(each.language)}`},
      make("strong", {textContent: each.title}), make("span", {textContent: `${each.idea} (${each.minutes} ${say.minutes})`}))))));
}

function complain(error) {
  $("mistakes").hidden = false;
  $("mistakes").textContent = error.message;
}

async function start() {
  const all = await ask("/api/lessons"), languages = [...new Set(all.map((each) => each.language))];
  const language = asked.get("language") || languages.find((each) => navigator.language.startsWith(each)) || "en";
  say = speak(language);
  document.documentElement.lang = language;
  $("language-label").textContent = say.language;
  $("all-lessons").textContent = say.lessons;
  $("all-lessons").href = `/lessons?language=${encodeURIComponent(language)}`;
  const names = (code) => { try { return new Intl.DisplayNames([code], {type: "language"}).of(code); } catch { return code; } };
  $("language").append(...languages.map((code) => new Option(names(code), code, false, code === language)));
  $("language").onchange = () => { asked.set("language", $("language").value); location.search = asked; };
  $("progress").hidden = !asked.get("name");
  if (!asked.get("name")) { list(all, language); return; }
  [lesson, {series}] = await Promise.all([ask(`/api/lesson?name=${encodeURIComponent(asked.get("name"))}&language=${encodeURIComponent(language)}`), ask("/api/levers")]);
  document.documentElement.dir = /^(ar|he|fa|ur)/.test(lesson.language) ? "rtl" : "ltr";
  document.title = `${lesson.title} · Rising Tide`;
  if (asked.has("class")) { $("progress").hidden = true; await klass(); return; }
  steps = [cover, () => quiz("before"), ...lesson.pages.map((page, number) => () => Promise.resolve(KINDS[page.kind](page, number)).catch(complain)), () => quiz("after"), end];
  go(0);
}

start().catch(complain);
