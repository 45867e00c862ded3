// The cockpit: one state, written into the address; all that is seen follows from it.

import {ask, spread, Wrong} from "./asking.js";
import {Chart, chartOf, usual} from "./charts.js";
import {Film} from "./film.js";
import {Lever, say} from "./levers.js";
import {Network} from "./network.js";
import {aboutOf, language, learn, number, offer, t, translate, wanted} from "./words.js";

const $ = (id) => document.getElementById(id);
const FRESH = {scenario: "rising_tide", text: null, seed: 0, set: {}, events: []};
const REPLICATES = 24;
const TOLD = ["firms", "entries", "exits", "trust", "partner_contribution"]; // series of which the news tells

let state = structuredClone(FRESH), baseline = null, month = 0, steps = 240;
let shown = null; // the charts, by their first series; null until the first run says what moves
let base = {values: {}, events: []}, abouts = {}, series = {}, main = [], more = [], charts = [], map, map2;
let run = null, atOnce = 1, ghost = null, others = [], playing = false, round = 0, fetching = null, running = null, pulled = null;
const past = [], future = [];

// What is asked for

const content = (from) => {
  const {scenario, text, seed, set, events} = from;
  return {...(text === null ? {scenario} : {text}), seed, set, events};
};
const same = (one, other) => JSON.stringify(content(one)) === JSON.stringify(content(other));

async function refresh(pulling = false) { // while a lever is pulled only the curves follow; network and luck once it is let go
  const mine = ++round;
  if (baseline.seed !== state.seed) baseline = {...baseline, seed: state.seed}; // both meet the same luck, after undo too
  fetching?.abort();
  fetching = new AbortController();
  const {signal} = fetching;
  $("charts").ariaBusy = "true"; // until the curves stand as they stay: other seeds may still widen the axes
  remember();
  try {
    const [found] = await Promise.all([haveRun(), haveGhost(signal)]);
    if (mine !== round) return;
    run = spread(found.series, found.months);
    atOnce = found.at_once;
    steps = found.months;
    others = [];
    complain("");
    if (!shown) showCharts(usual(run));
    drawSeries();
    if (pulling) return;
    await Promise.all([showFilm(map, state, signal), showBaseline(signal)]);
    await replicate(mine, signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    complain(error instanceof Wrong ? error.message : t("The server does not answer. Is tide app still running?"));
    if (!(error instanceof Wrong || error instanceof TypeError)) throw error;
  } finally {
    if (mine === round) $("charts").ariaBusy = "false";
  }
}

function haveRun() { // asked for once: where a lever is let go its run is on its way, or there
  const wanted = {...content(state), ...(shown ? {series: drawn()} : {})}, of = JSON.stringify(wanted);
  if (running?.of === of) return running.answer;
  running?.stop.abort();
  const mine = running = {of, stop: new AbortController()};
  mine.answer = ask("/api/run", wanted, {signal: mine.stop.signal});
  mine.answer.catch(() => { if (running === mine) running = null; });
  return mine.answer;
}

const drawn = () => [...new Set(["month", ...TOLD, ...charts.flatMap((chart) => chart.about.series)])]; // all that is seen: less to send, sooner seen

async function showFilm(where, from, signal) {
  const film = new Film(await ask("/api/film", content(from), {signal, bytes: true}));
  where.month = month;
  where.show(film);
  captions();
}

async function haveGhost(signal) {
  const of = JSON.stringify(content(baseline));
  if (ghost?.of === of) return;
  const found = await ask("/api/run", content(baseline), {signal});
  ghost = {of, series: spread(found.series, found.months)};
}

async function showBaseline(signal) {
  if (!$("second").hidden && map2.of !== ghost.of) {
    await showFilm(map2, baseline, signal);
    map2.of = ghost.of;
  }
}

async function replicate(mine, signal) {
  for (let first = 1; first <= REPLICATES; first += atOnce) {
    const seeds = Array.from({length: Math.min(atOnce, REPLICATES + 1 - first)}, (_, k) => state.seed + first + k);
    const names = [...new Set(charts.flatMap((chart) => chart.about.series))];
    const found = await ask("/api/replicates", {...content(state), seeds, series: names}, {signal});
    if (mine !== round) return;
    others.push(...found.runs.map((each) => spread(each, steps)));
    drawSeries();
  }
}

async function begin(changes) {
  const wanted = {...structuredClone(FRESH), ...changes};
  try {
    const bare = {...wanted, set: {}, events: []};
    base = await ask("/api/start", content(bare));
    bare.set = base.shorter; // what is too long to be watched: a change, which is told as all are
    wanted.set = {...base.shorter, ...wanted.set};
    baseline = bare;
  } catch (error) {
    complain(error.message);
    return false;
  }
  state = wanted;
  month = Math.min(month, base.shorter["run.steps"] ?? base.values["run.steps"]);
  showCharts(null);
  $("title").textContent = state.text === null ? $("scenario").querySelector(`[value="${state.scenario}"]`)?.textContent ?? base.title : base.title;
  const about = state.text === null ? aboutOf(state.scenario) : undefined;
  $("about").lang = about ? language() : "en"; // scenarios themselves are written in English
  $("about").textContent = $("about").title = about ?? base.description;
  return true;
}

// What is changed

function change(into, keep = true) {
  if (keep) { past.push(state); future.length = 0; }
  state = into;
  controls();
  return refresh();
}

function pull(lever, value, pulling = false) {
  if (!pulled) pulled = state; // what undo goes back to, however often the lever moves before it is let go
  const next = structuredClone(state), now = fromNow(lever);
  if (now) {
    const at = Math.min(month, steps - 1);
    let event = next.events.find((each) => each.kind === "rules" && each.at === at);
    if (!event) next.events.push(event = {at, kind: "rules", set: {}});
    event.set[lever.key] = value;
    next.events.sort((one, other) => one.at - other.at);
  } else if (JSON.stringify(value) === JSON.stringify(base.values[lever.key])) delete next.set[lever.key];
  else next.set[lever.key] = value;
  if (pulling) {
    state = next;
    refresh(true);
    return;
  }
  past.push(pulled);
  future.length = 0;
  pulled = null;
  change(next, false);
}

const fromNow = (lever) => lever.dated && month > 0 && document.querySelector("input[name=from]:checked").value === "now";

function valueNow(key) {
  const onward = document.querySelector("input[name=from]:checked").value === "now";
  let value = key in state.set ? state.set[key] : base.values[key];
  if (onward) {
    for (const event of [...base.events, ...state.events]) {
      if (event.kind === "rules" && event.at <= month && key in event.set) value = event.set[key];
    }
  }
  return value;
}

// What is seen

function controls() {
  $("seed").value = state.seed;
  $("scenario").value = state.text === null ? state.scenario : "";
  $("undo").disabled = !past.length;
  $("redo").disabled = !future.length;
  sayNow();
  const onward = document.querySelector("input[name=from]:checked").value === "now";
  for (const lever of [...main, ...more]) {
    const {key, dated} = lever.about;
    lever.show(valueNow(key), base.values[key], onward && month > 0 && !dated);
  }
  const rows = [
    ...Object.entries(state.set).map(([key, value]) => [`${name(key)}: ${say(abouts[key], base.values[key])} → ${say(abouts[key], value)}`, (next) => delete next.set[key]]),
    ...state.events.flatMap((event, k) => Object.entries(event.set || {}).map(([key, value]) => [
      t("from month {month}, {name}: {value}", {month: event.at, name: name(key), value: say(abouts[key], value)}), (next) => {
        delete next.events[k].set[key];
        next.events = next.events.filter((each) => each.kind !== "rules" || Object.keys(each.set).length);
      }])),
  ];
  $("changes").replaceChildren(...rows.map(([text, undo]) => {
    const row = document.createElement("li"), button = document.createElement("button");
    button.textContent = "×";
    button.title = button.ariaLabel = t("Take back: {what}", {what: text});
    button.addEventListener("click", () => { const next = structuredClone(state); undo(next); change(next); });
    row.append(text, button);
    return row;
  }));
  flags();
}

function sayNow() {
  $("branch").disabled = !month;
  $("now").textContent = month ? t("month {month}", {month}) : t("this month");
}

const name = (key) => abouts[key]?.label || key;

function flags() {
  $("month").max = steps;
  const told = [...base.events.map((event) => [event, false]), ...state.events.map((event) => [event, true])];
  $("flags").replaceChildren(...told.map(([event, ours]) => {
    const flag = document.createElement("button");
    const what = event.kind === "rules" ? Object.entries(event.set).map(([key, value]) => `${name(key)} ${say(abouts[key], value)}`).join(", ") : t(event.kind.replaceAll("_", " "));
    flag.textContent = what;
    flag.title = `${t("Month {month}: {what}", {month: event.at, what})}${ours ? "" : ` ${t("(part of the scenario)")}`}`;
    flag.style.left = `${100 * event.at / steps}%`;
    flag.addEventListener("click", () => seek(event.at));
    return flag;
  }));
}

function drawSeries() {
  if (!run) return;
  const behind = ghost && !same(state, baseline) ? ghost.series : null;
  for (const chart of charts) chart.draw({run, ghost: behind, others, events: [...base.events, ...state.events]});
  flags();
  seek(Math.min(month, steps));
}

function showCharts(names) {
  shown = names?.filter((name) => name in series) ?? null;
  if (!shown) return;
  const old = new Map(charts.map((chart) => [chart.about.series[0], chart]));
  for (const chart of charts) if (!shown.includes(chart.about.series[0])) chart.block.remove();
  charts = shown.map((name) => old.get(name) || new Chart($("charts"), chartOf(name, series), (to) => { play(false); seek(to); },
    () => { showCharts(shown.filter((each) => each !== name)); $("add").focus(); }));
  $("charts").append(...charts.map((chart) => chart.block), $("more-charts"));
  remember();
}

function seek(to) {
  const before = month;
  month = Math.max(0, Math.min(steps, to));
  $("month").value = month;
  $("when").textContent = month ? t("Month {month} · year {year}", {month, year: Math.ceil(month / 12)}) : t("Founding");
  for (const chart of charts) chart.seek(month);
  map.seek(month);
  if (!$("second").hidden) map2.seek(month);
  if (before !== month && !playing) controls();
  else sayNow();
  news();
  remember();
}

function news() {
  if (!run || !month) { $("news").textContent = ""; return; }
  const at = (series) => run[series][month - 1];
  $("news").textContent = t("{firms} members; {entries} joined and {exits} left this month; trust {trust} %, partners contribute {effort} % of what they have.", {
    firms: number(at("firms")), entries: at("entries"), exits: at("exits"), trust: Math.round(100 * at("trust")), effort: Math.round(100 * at("partner_contribution"))});
}

function captions() {
  const both = !$("second").hidden;
  $("caption").textContent = both ? t("With the changes") : [
    map.film?.hidden ? t("{count} firms with few partners are not drawn", {count: number(map.film.hidden)}) : "",
    map.film?.thinned ? t("not all ties are drawn") : "",
  ].filter(Boolean).join("; ");
  $("caption2").textContent = t("Baseline");
}

function picked(place, caption) {
  if (!place) { captions(); return; }
  caption.textContent = t("{name}: trusted {trust} %, contributes {effort} %", {name: place.name, trust: Math.round(place.trust / 2.55), effort: Math.round(place.contribution / 2.55)});
}

function complain(text) {
  $("mistakes").hidden = !text;
  $("mistakes").textContent = text;
}

function remember() {
  clearTimeout(remember.later);
  remember.later = setTimeout(write, 200);
}

function write() { // at once, where the address is about to be read
  clearTimeout(remember.later);
  if (state) history.replaceState(null, "", `#${encodeURIComponent(JSON.stringify({...content(state), month, charts: shown}))}`);
}

function recall() {
  try {
    const {month: at, charts: names, ...rest} = JSON.parse(decodeURIComponent(location.hash.slice(1)));
    month = Number.isInteger(at) && at >= 0 ? at : 0;
    const {scenario = FRESH.scenario, text = null, seed = 0, set = {}, events = []} = rest;
    recall.charts = Array.isArray(names) ? names : null;
    return {scenario, text, seed, set, events};
  } catch {
    return {};
  }
}

// Time

function play(on) {
  if (on && month >= steps) seek(0);
  playing = on;
  $("news").setAttribute("aria-live", on ? "off" : "polite"); // no screen reader keeps up with months that fly by
  $("play").textContent = on ? t("Pause") : t("Play");
  if (on) { play.from = performance.now(); play.at = month; requestAnimationFrame(tick); }
  else controls();
}

function tick(time) {
  if (!playing) return;
  const to = play.at + Math.floor((time - play.from) / 1000 * Number($("speed").value));
  if (to !== month) seek(to);
  if (month >= steps) play(false);
  else requestAnimationFrame(tick);
}

// Together

function listen() {
  $("play").onclick = () => play(!playing);
  $("step").onclick = () => { play(false); seek(month + 1); };
  $("back").onclick = () => { play(false); seek(month - 1); };
  $("restart").onclick = () => { play(false); seek(0); };
  $("month").oninput = () => { if (playing) play(false); seek(Number($("month").value)); };
  $("speed").onchange = () => { play.from = performance.now(); play.at = month; };
  $("seed").onchange = () => change({...state, seed: Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.trunc(Number($("seed").value)) || 0))});
  $("scenario").onchange = async () => {
    const scenario = $("scenario").value; // read first: whatever shows the controls anew puts the present one back
    past.length = future.length = 0;
    month = 0;
    play(false);
    if (await begin({scenario})) { controls(); refresh(); } else controls();
  };
  $("design").onchange = () => {
    const design = designs.find((each) => each.name === $("design").value);
    $("design").value = "";
    if (design) change({...state, set: {...state.set, ...design.set}});
  };
  $("add").onchange = () => {
    const name = $("add").value;
    $("add").value = "";
    if (!name || shown.includes(name)) return;
    showCharts([...shown, name]);
    refresh(); // it is drawn once its series is there
  };
  $("undo").onclick = () => { if (past.length) { future.push(state); change(past.pop(), false); } };
  $("redo").onclick = () => { if (future.length) { past.push(state); change(future.pop(), false); } };
  $("reset").onclick = () => change({...state, set: {...base.shorter}, events: []});
  $("keep").onclick = () => { baseline = structuredClone(state); map2.of = ""; refresh(); };
  $("branch").onclick = () => {
    document.querySelector("input[name=from][value=now]").checked = true;
    controls();
    $("keep").click();
    if ($("second").hidden) $("beside").click();
  };
  $("beside").onclick = () => {
    $("second").hidden = !$("second").hidden;
    $("beside").setAttribute("aria-pressed", String(!$("second").hidden));
    captions();
    refresh();
  };
  $("link").onclick = async () => {
    write();
    const copied = await (navigator.clipboard?.writeText(location.href).then(() => true, () => false) ?? false); // safe addresses alone have one
    $("link").textContent = copied ? t("Copied") : t("It is in the address bar");
    setTimeout(() => { $("link").textContent = t("Copy link"); }, 1500);
  };
  $("export").onclick = async () => {
    let toml;
    try { ({toml} = await ask("/api/toml", content(state))); } catch (error) { complain(error.message); return; }
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([toml], {type: "text/plain"}));
    link.download = `${state.text === null ? state.scenario : "scenario"}.toml`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  $("open").onclick = () => $("file").click();
  $("file").onchange = async () => {
    const [file] = $("file").files;
    $("file").value = "";
    if (file && await begin({text: await file.text()})) { past.length = future.length = 0; controls(); refresh(); }
  };
  for (const choice of document.querySelectorAll("input[name=from]")) choice.onchange = controls;
  $("find").oninput = () => {
    const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const lever of more) lever.block.hidden = !lever.suits(words);
    for (const head of $("more-levers").querySelectorAll("h3")) {
      let next = head.nextElementSibling, any = false;
      while (next && next.tagName !== "H3") { any ||= !next.hidden; next = next.nextElementSibling; }
      head.hidden = !any;
    }
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === "z") { event.preventDefault(); $("undo").click(); return; }
    if (event.ctrlKey && event.key === "y") { event.preventDefault(); $("redo").click(); return; }
    if (event.target.matches("input, select, textarea, button, summary") || event.ctrlKey || event.metaKey) return;
    const keys = {" ": () => play(!playing), ArrowRight: () => $("step").click(), ArrowLeft: () => $("back").click(), Home: () => $("restart").click()};
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  });
}

let designs = [];

async function start() {
  const {languages} = await learn(wanted());
  document.documentElement.lang = language();
  translate(document.body);
  offer($("language"), languages, language(), (code) => { write(); const asked = new URLSearchParams(location.search); asked.set("lang", code); location.search = asked; });
  $("lessons").href = `/lessons?language=${language()}`;
  map = new Network($("map"), (place) => picked(place, $("caption")));
  map2 = new Network($("map2"), (place) => picked(place, $("caption2")), map);
  const [known, levers] = await Promise.all([ask(`/api/scenarios?language=${language()}`), ask(`/api/levers?language=${language()}`)]);
  for (const [title, group] of Object.entries(known.scenarios)) {
    const options = document.createElement("optgroup");
    options.label = t(title);
    for (const each of group) options.append(new Option(each.title, each.name));
    $("scenario").append(options);
  }
  designs = known.designs;
  for (const each of designs) $("design").append(new Option(each.title, each.name));
  for (const section of levers.sections) for (const lever of section.levers) abouts[lever.key] = lever;
  main = levers.main.filter((key) => abouts[key]).map((key) => new Lever(abouts[key], pull));
  $("main-levers").append(...main.map((lever) => lever.block));
  for (const section of levers.sections) {
    const rest = section.levers.filter((lever) => !levers.main.includes(lever.key)).map((lever) => new Lever(lever, pull));
    if (!rest.length) continue;
    const head = document.createElement("h3");
    const about = document.createElement("span");
    about.textContent = section.doc;
    about.lang = section.doc_language;
    head.append(`${section.title}: `, about);
    $("more-levers").append(head, ...rest.map((lever) => lever.block));
    more.push(...rest);
  }
  series = levers.series;
  for (const name of Object.keys(series).filter((each) => each !== "month")) $("add").append(new Option(series[name].title, name));
  listen();
  if (!await begin(recall()) && !await begin({})) return;
  if (recall.charts) showCharts(recall.charts);
  controls();
  await refresh();
}

start();
