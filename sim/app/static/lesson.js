// A lesson: questions before, pages of one idea each on which people bet before they see, questions after.

import {ask, spread, Wrong} from "./asking.js";
import {bounds, Chart, chartOf, ENOUGH} from "./charts.js";
import {Drawing} from "./drawing.js";
import {learn, number, offer, short, wanted} from "./words.js";

const $ = (id) => document.getElementById(id);
const YEAR = 12, REPLICATES = 24, TOKEN = "rising-tide-token";
const asked = new URLSearchParams(location.search);
let say, lesson, series, atOnce = 1, step = 0, steps = [], luck = null;
const kept = {before: [], after: [], bets: {}};

const make = (name, words = {}, ...inside) => {
  const made = Object.assign(document.createElement(name), words);
  made.append(...inside);
  return made;
};

function show(...parts) {
  luck?.abort();
  $("mistakes").hidden = true;
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

/** The way on; while it is closed a hint says what opens it. */
function onward(ready = true, words = say.next, hint = "") {
  const next = make("button", {className: "main", textContent: words, onclick: () => go(step + 1)});
  const back = make("button", {textContent: say.back, onclick: () => go(step - 1)}), why = make("span", {className: "kind", id: "why", textContent: hint});
  const row = make("p", {className: "next"}, ...(step ? [back] : []), next, why);
  row.ready = (yes) => { next.disabled = !yes; why.hidden = yes; };
  row.ready(ready);
  next.setAttribute("aria-describedby", why.id);
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
  const given = kept[when], next = onward(false, when === "after" ? say.finish : say.next, say.done);
  const sets = lesson.quiz.map((question, k) => choices(question.question, question.choices, given[k], (choice) => {
    given[k] = choice;
    next.ready(lesson.quiz.every((_, each) => given[each] !== undefined));
  }));
  next.ready(lesson.quiz.every((_, each) => given[each] !== undefined));
  show(make("h2", {textContent: when === "before" ? say.before : say.again}),
    make("p", {textContent: when === "before" ? say.beforeText : say.againText}), ...sets, next);
}

const score = (when) => lesson.quiz.filter((question, k) => kept[when][k] === question.answer).length;

// Runs

async function runOf(world) {
  const found = await ask("/api/run", world);
  atOnce = found.at_once;
  return spread(found.series, found.months);
}

function at(values, when) {
  if (typeof when === "number") return values[Math.min(when, values.length) - 1];
  const part = when === "start" ? values.slice(0, YEAR) : values.slice(-YEAR);
  return part.reduce((sum, value) => sum + value, 0) / part.length;
}

const spelled = (name, value) => {
  if (["share", "0 to 1"].includes(series[name].unit)) return `${Math.round(100 * value)} %`;
  return series[name].whole ? number(value) : short(value);
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

function chartsOf(page, run, ghost) {
  const block = make("div"), events = [...page.world.events, ...page.change.events];
  const charts = page.shows.map((name) => new Chart(block, chartOf(name, series), () => {}, () => {}));
  block.draw = (others) => { for (const chart of charts) { chart.draw({run, ghost, others, events}); chart.seek(run.month.length); } };
  block.draw([]);
  return block;
}

/** Runs of the same world under other luck: what of a curve is luck. They come in behind what is shown, a few at a time, until something else is. */
async function replicate(page, world, months, onMore) {
  luck?.abort();
  luck = new AbortController();
  const {signal} = luck, others = [];
  try {
    for (let first = 1; first <= REPLICATES; first += atOnce) {
      const seeds = Array.from({length: Math.min(atOnce, REPLICATES + 1 - first)}, (_, k) => world.seed + first + k);
      const found = await ask("/api/replicates", {...world, seeds, series: page.shows.flatMap((name) => chartOf(name, series).series)}, {signal});
      others.push(...found.runs.map((each) => spread(each, months)));
      if (!signal.aborted && others.length >= ENOUGH) onMore(others);
    }
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

// Pages

const changed = (page) => JSON.stringify(page.asks.changed) !== JSON.stringify(page.asks.base);
const head = (page) => [make("p", {className: "kind", textContent: say[page.kind]}), make("h2", {textContent: page.title}), ...paragraphs(page.text)];
const paragraphs = (text) => text.trim().split(/\n\s*\n/).map((part) => make("p", {textContent: part.replaceAll("\n", " ")}));
const note = (dashed) => make("p", {className: "kind", textContent: dashed ? `${say.without} ${say.band}` : say.band});

function read(page) {
  show(...head(page), onward());
}

async function both(page) {
  const [run, base] = await Promise.all([runOf(page.asks.changed), runOf(page.asks.base)]);
  return [run, base];
}

function choose(page, number) {
  const next = onward(Boolean(kept.bets[number]?.seen), say.next, say.hintBet);
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
    const charts = chartsOf(page, run, changed(page) ? base : null);
    place.append(make("p", {className: "after", textContent: filled(page.after, run, base)}), note(changed(page)), charts);
    next.ready(true);
    await replicate(page, page.asks.changed, run.month.length, charts.draw);
  };
  reveal.onclick = () => open().catch(complain);
  show(...head(page), set, make("p", {}, reveal), place, next);
  if (kept.bets[number]?.seen) open().catch(complain);
}

async function draw(page, number) {
  const [run, base] = await both(page), name = page.shows[0], about = chartOf(name, series);
  const highest = [...run[name], ...base[name]].reduce((one, other) => Math.max(one, other ?? 0), 0);
  const power = 10 ** Math.floor(Math.log10(highest || 1)), top = about.share ? 1 : [1.5, 2, 3, 4, 5, 8, 10, 15].map((k) => k * power).find((k) => k >= 1.25 * highest) || 1;
  const next = onward(false, say.next, say.hintDraw), place = make("div");
  const reveal = make("button", {className: "main", textContent: say.reveal, disabled: true});
  const drawing = new Drawing(run.month.length, top, (value) => spelled(name, value), `${say.draw}: ${about.title}`, (full) => { reveal.disabled = !full; });
  reveal.onclick = () => {
    const off = drawing.reveal(run[name], changed(page) ? base[name] : null);
    kept.bets[number] = {line: drawing.values.map((value) => +value.toPrecision(4)), seen: true};
    reveal.remove();
    place.append(make("p", {className: "kind", textContent: `${say.off} ${spelled(name, off)}.`}), make("p", {className: "after", textContent: filled(page.after, run, base)}), note(changed(page)));
    next.ready(true);
    replicate(page, page.asks.changed, run.month.length, (others) => { const {low, high} = bounds([run, ...others], name, run.month.length); drawing.band(low, high); }).catch(complain);
  };
  show(...head(page), make("h3", {textContent: about.title}), drawing.svg, make("p", {className: "kind", textContent: say.drawText}), make("p", {}, reveal), place, next);
}

async function lever(page) {
  const base = await runOf(page.asks.base), place = make("div"), next = onward(false, say.next, say.leverText), seen = new Set();
  const stops = page.asks.values.map((world, k) => {
    const button = make("button", {textContent: page.settings[k]});
    button.setAttribute("aria-pressed", "false");
    button.onclick = async () => {
      for (const other of stops) other.setAttribute("aria-pressed", String(other === button));
      const run = await runOf(world);
      seen.add(k);
      if (seen.size > 1) { next.ready(true); after.hidden = false; }
      if (button.getAttribute("aria-pressed") === "false") return; // another was pressed meanwhile
      const charts = chartsOf(page, run, base);
      place.replaceChildren(charts);
      await replicate(page, world, run.month.length, charts.draw).catch(complain);
    };
    return button;
  });
  const after = make("p", {className: "after", textContent: filled(page.after, base, base), hidden: true});
  const group = make("div", {className: "stops"}, ...stops);
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", page.label);
  place.append(chartsOf(page, base, null));
  show(...head(page), make("h3", {textContent: page.label[0].toUpperCase() + page.label.slice(1)}), group, make("p", {className: "kind", textContent: `${say.without} ${say.band}`}), after, place, next);
}

function sandbox(page) {
  const state = encodeURIComponent(JSON.stringify({...page.asks.changed, charts: page.shows.length ? page.shows : null}));
  const link = make("a", {className: "button", href: `/?lang=${encodeURIComponent(lesson.language)}#${state}`, target: "_blank", textContent: say.open});
  show(...head(page), make("p", {textContent: say.worth}), make("ul", {}, ...page.labels.map((label) => make("li", {textContent: label}))), make("p", {}, link), onward());
}

const KINDS = {read, choose, draw, lever, sandbox};

// Beginning and end

function cover() {
  show(make("h2", {textContent: lesson.title}), make("p", {className: "kind", textContent: `${lesson.minutes} ${say.minutes}`}),
    make("p", {textContent: `${say.goals}:`}), make("ul", {}, ...lesson.goals.map((goal) => make("li", {textContent: goal}))), door(), onward(true, say.begin),
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
    make("p", {className: "next"}, make("button", {textContent: say.back, onclick: () => go(step - 1)}), make("a", {className: "button", href: `/lessons?language=${encodeURIComponent(lesson.language)}`, textContent: say.lessons})));
  send();
}

/** Come into the class: with its code, or without one at the machine of the server; a token keeps one person from counting twice. */
async function enter(code) {
  const {who} = await ask("/api/class/enter", {...(code ? {code} : {}), ...(kept.who ? {who: kept.who} : {})});
  kept.who = who;
  try { sessionStorage.setItem(TOKEN, who); } catch { /* a private window: the token lasts as long as the page */ }
}

async function send() { // without a name; whoever is not in the class keeps the answers to itself
  if (kept.sent || !kept.who) return;
  kept.sent = true;
  const bets = Object.fromEntries(Object.entries(kept.bets).map(([number, bet]) => [number, bet.choice ?? bet.line]));
  try {
    await ask("/api/answers", {lesson: lesson.name, who: kept.who, before: kept.before, after: kept.after, bets});
  } catch (error) {
    kept.sent = false;
    complain(error);
  }
}

/** Where a pupil says the class code; nothing once it is in. */
function door() {
  const input = make("input", {id: "class-code", type: "text", maxLength: 5, autocomplete: "off", spellcheck: false});
  const told = make("span", {className: "kind", role: "status", textContent: kept.who ? say.inClass : say.codeText});
  if (kept.who) return make("p", {}, told);
  const form = make("form", {id: "door"}, make("label", {}, `${say.code} `, input), " ", make("button", {textContent: say.enter}), " ", told);
  form.onsubmit = async (event) => {
    event.preventDefault();
    try { await enter(input.value); form.replaceChildren(told); told.textContent = say.inClass; } catch (error) { told.textContent = error.message; }
  };
  return form;
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
  const way = found.code ? [make("p", {className: "code"}, `${say.code}: `, make("strong", {id: "code", textContent: found.code})), make("p", {className: "kind"}, `${say.codeWay} `,
    make("code", {textContent: `${found.address}/lessons?name=${lesson.name}&code=${found.code}`}))] : [];
  show(make("h2", {textContent: `${say.klass}: ${lesson.title}`}), ...way, make("p", {textContent: `${found.people} ${found.people === 1 ? say.person : say.people}`}), make("p", {className: "score", textContent: told}), ...blocks);
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
  $("mistakes").textContent = error instanceof Wrong || !say ? error.message : say.lost;
  if (!(error instanceof Wrong || error instanceof TypeError)) throw error;
}

async function start() {
  const all = await ask("/api/lessons"), languages = [...new Set(all.map((each) => each.language))];
  const language = languages.find((each) => wanted().startsWith(each)) || "en";
  const words = await learn(language);
  say = words.lesson;
  document.documentElement.lang = language;
  $("progress").ariaLabel = say.progress;
  $("language-label").textContent = say.language;
  $("all-lessons").textContent = say.lessons;
  $("all-lessons").href = `/lessons?language=${encodeURIComponent(language)}`;
  offer($("language"), languages, language, (code) => { asked.set("language", code); location.search = asked; });
  if (!asked.has("class")) {
    try { kept.who = sessionStorage.getItem(TOKEN); } catch { /* a private window */ }
    await enter(asked.get("code")).catch(() => { kept.who = null; }); // the cover asks for the code
  }
  $("progress").hidden = !asked.get("name");
  if (!asked.get("name")) { list(all, language); return; }
  [lesson, {series}] = await Promise.all([ask(`/api/lesson?name=${encodeURIComponent(asked.get("name"))}&language=${encodeURIComponent(language)}`), ask(`/api/levers?language=${encodeURIComponent(language)}`)]);
  document.documentElement.dir = /^(ar|he|fa|ur)/.test(lesson.language) ? "rtl" : "ltr";
  document.title = `${lesson.title} · Rising Tide`;
  if (asked.has("class")) { $("progress").hidden = true; await klass(); return; }
  steps = [cover, () => quiz("before"), ...lesson.pages.map((page, number) => () => Promise.resolve(KINDS[page.kind](page, number)).catch(complain)), () => quiz("after"), end];
  go(0);
}

start().catch(complain);
