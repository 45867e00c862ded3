// Charts of the series: the run as a line, the baseline as a ghost, other seeds as a band; as SVG, which any zoom keeps sharp.

import {number, t} from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const W = 360, H = 92, LEFT = 40, RIGHT = 6, TOP = 6, BOTTOM = 16;

const SHARE = ["share", "0 to 1"];
const COLOURS = ["#0072b2", "#007a55", "#8a5a00", "#b34700", "#9c3d78", "#595959"];
const KNOWN = [
  {series: ["firms"]},
  {series: ["value"]},
  {series: ["partner_contribution"]},
  {of: "trust", series: ["trust_strategic", "trust_operational", "trust_relational"], names: ["strategic", "operational", "relational"],
    colours: ["#0072b2", "#b34700", "#007a55"]},
  {series: ["orchestrator_income"]},
  {series: ["strategy_1"]},
  {series: ["stock"]},
  {series: ["customers"]},
  {series: ["grievance"], plain: true},
];
const UNITED = ["endowments", "endowments a month", "spending", "ratio", "points", "utility"]; // units that a title does not say
const MOST = 6;
export const ENOUGH = 5; // runs under other seeds below which no band is drawn

export const varies = (run, about) => about.series.some((name) => run[name]?.some((value) => value !== run[name][0]));

/** The charts that are shown of a run unless others are asked for: the first six that move. */
export function usual(run) {
  const moving = KNOWN.filter((about) => varies(run, about));
  return (moving.length ? moving : KNOWN).slice(0, MOST).map((about) => about.series[0]);
}

/** What a chart shows: a known one, or one series. */
export function chartOf(name, series) {
  const known = KNOWN.find((about) => about.series[0] === name) || {series: [name]};
  const order = KNOWN.indexOf(known);
  return {colours: [COLOURS[(order < 0 ? name.length : order) % COLOURS.length]], share: SHARE.includes(series[name].unit) && !known.plain,
    whole: series[name].whole, title: series[known.of || name].title, doc: known.series.map((each) => series[each].doc).join(" "), unit: UNITED.includes(series[name].unit) ? series[name].said_unit : "", ...known};
}

export class Chart {
  constructor(parent, about, onSeek, onRemove) {
    this.about = about;
    this.colours = about.colours;
    const block = document.createElement("div");
    block.className = "chart";
    const head = document.createElement("h3");
    head.title = about.doc;
    const remove = document.createElement("button");
    remove.textContent = "×";
    remove.title = remove.ariaLabel = t("Take away the chart: {title}", {title: about.title});
    remove.onclick = onRemove;
    const title = document.createElement("span"), unit = document.createElement("small");
    unit.textContent = about.unit;
    title.append(about.title, " ", unit);
    head.append(title, this.value = document.createElement("output"), remove);
    const legend = document.createElement("p");
    if (about.names) about.names.forEach((name, k) => {
      const word = document.createElement("span");
      word.textContent = `${k ? "  " : ""}${t(name)}`;
      word.style.color = this.colours[k];
      word.style.whiteSpace = "pre";
      legend.append(word);
    });
    this.svg = make("svg", {viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${t("{title} over months", about)}. ${about.doc}`});
    this.svg.append(this.grid = make("g"), this.bands = make("g"), this.marks = make("g"), this.lines = make("g"), this.cursor = make("line", {class: "cursor"}));
    block.append(head, legend, this.svg);
    parent.append(block);
    this.block = block;
    this.run = this.ghost = null;
    this.others = [];
    const seek = (event) => {
      if (!this.run) return;
      const box = this.svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * W;
      onSeek(Math.round((x - LEFT) / (W - LEFT - RIGHT) * this.months));
    };
    this.svg.addEventListener("pointerdown", seek);
    this.svg.addEventListener("pointermove", (event) => { if (event.buttons) seek(event); });
  }

  draw({run, ghost, others, events}) {
    Object.assign(this, {run, ghost, others});
    this.months = run.month.length; // a ghost that lasted longer is shown as far as the run goes
    const shown = [run, ghost, ...others].filter(Boolean), all = shown.flatMap((one) => this.about.series.flatMap((name) => one[name].slice(0, this.months)));
    const known = all.filter((value) => value !== null), most = known.reduce((one, other) => Math.max(one, other), this.about.share ? 1 : 1e-9);
    const top = this.about.share ? most : nice(most), low = known.reduce((one, other) => Math.min(one, other), 0);
    this.x = (month) => LEFT + (W - LEFT - RIGHT) * month / Math.max(1, this.months);
    this.y = (value) => TOP + (H - TOP - BOTTOM) * (1 - (value - low) / (top - low));
    this.grid.replaceChildren(...[0, 0.5, 1].flatMap((part) => {
      const value = low + part * (top - low), y = this.y(value);
      const text = make("text", {class: "tick", x: LEFT - 5, y: y + 3.5, "text-anchor": "end"});
      text.textContent = this.say(value);
      return [make("line", {class: "grid", x1: LEFT, x2: W - RIGHT, y1: y, y2: y}), text];
    }), ...years(this.months).map((month) => {
      const text = make("text", {class: "tick", x: this.x(month), y: H - 3, "text-anchor": month > 0.95 * this.months ? "end" : "middle"});
      text.textContent = month ? t("{years} y", {years: month / 12}) : "0";
      return text;
    }));
    this.bands.replaceChildren(...this.about.series.flatMap((name, k) => this.band(name, k)));
    this.lines.replaceChildren(...this.about.series.flatMap((name, k) => [
      ...(ghost ? [make("path", {class: "ghost", d: this.path(ghost[name])})] : []),
      make("path", {class: "line", stroke: this.colours[k], d: this.path(run[name])}),
    ]));
    this.marks.replaceChildren(...events.map((event) => make("line", {class: "event", x1: this.x(event.at), x2: this.x(event.at), y1: TOP, y2: H - BOTTOM})));
  }

  band(name, k) {
    if (this.others.length < ENOUGH) return [];
    const {low, high} = bounds([this.run, ...this.others], name, this.months), at = (value, m) => (value === null ? null : `${this.x(m + 1).toFixed(1)},${this.y(value).toFixed(1)}`);
    const edge = [...high.map(at), ...low.map(at).reverse()].filter(Boolean);
    return edge.length ? [make("path", {class: "band", fill: this.colours[k], d: `M${edge.join("L")}Z`})] : [];
  }

  path(values) {
    let d = "", pen = "M";
    values.slice(0, this.months).forEach((value, m) => {
      if (value === null) { pen = "M"; return; }
      d += `${pen}${this.x(m + 1).toFixed(1)},${this.y(value).toFixed(1)}`;
      pen = "L";
    });
    return d;
  }

  seek(month) {
    if (!this.run) return;
    const x = this.x(month);
    for (const [name, value] of Object.entries({x1: x, x2: x, y1: TOP, y2: H - BOTTOM})) this.cursor.setAttribute(name, value);
    const at = Math.max(0, month - 1), now = this.about.series.map((name) => this.run[name][at]);
    this.value.textContent = now.map((value) => value === null || value === undefined ? "–" : this.say(value)).join("  ");
  }

  say(value) {
    if (this.about.share) return `${Math.round(value * 100)} %`;
    const size = Math.abs(value);
    if (this.about.whole && Number.isInteger(value)) return number(value);
    return number(value, size >= 10 || !size ? 0 : size >= 1 ? 1 : 2);
  }
}

/** Between which values 95 % of runs lie, month by month. */
export function bounds(runs, name, months) {
  const low = [], high = [];
  for (let m = 0; m < months; m++) {
    const values = runs.map((one) => one[name][m]).filter((v) => v !== null && v !== undefined).sort((a, b) => a - b);
    low.push(values.length ? quantile(values, 0.025) : null);
    high.push(values.length ? quantile(values, 0.975) : null);
  }
  return {low, high};
}

function make(name, words = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [word, value] of Object.entries(words)) made.setAttribute(word, value);
  return made;
}

function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((k) => k * power).find((k) => k >= value * 1.02) || 10 * power;
}

function years(months) {
  const all = Math.floor(months / 12), every = Math.max(1, Math.ceil(all / 5));
  return Array.from({length: Math.floor(all / every) + 1}, (_, k) => 12 * k * every);
}

function quantile(sorted, share) {
  const place = share * (sorted.length - 1), low = Math.floor(place);
  return sorted[low] + (place - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}
