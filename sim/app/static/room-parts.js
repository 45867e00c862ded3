// What the pages of a room share: their line to the server, small charts, clocks and words. Text is only ever text.

import {language, learn, number, sharingRules, t, translate, wanted} from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const EVERY = 200; // milliseconds between two messages of a kind: the latest is sent, the others are not

export const $ = (id) => document.getElementById(id);

/** An element with properties, and children of which strings are text. */
export function make(name, about = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(about)) {
    if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A text that is only written when it is another one, so that screen readers are not told twice. */
export function tell(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

export const percent = (share) => (share === null || share === undefined ? "–" : `${Math.round(100 * share)}\u00a0%`);
export const whole = (points) => (points === null || points === undefined ? "–" : `${Math.round(points)}`);
export const signed = (points) => (points >= 0 ? `+${Math.round(points)}` : `−${Math.round(-points)}`);

/** Learn the language of the address or the browser, and turn the page into it; without a server it stays as it is written. */
export async function speak(title) {
  try { await learn(wanted()); } catch { return; }
  document.documentElement.lang = language();
  translate(document.body);
  document.title = `${t(title)} – Rising Tide`;
}

/** How value is shared by a rule, in a sentence. */
export const shared = (rule) => sharingRules()[rule]?.phrase ?? rule;

/** The line to the server: it says who one is, is taken up again when it breaks, and sends the latest of each kind. */
export class Line {
  constructor(hello, heard, state) {
    Object.assign(this, {hello, heard, state, waiting: new Map(), last: 0, tries: 0, closed: false});
    this.open();
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.again(); }); // a phone wakes
    addEventListener("online", () => this.again());
  }

  open() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/room/socket`);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.hello()));
    socket.onmessage = (event) => {
      const told = JSON.parse(event.data);
      if (told.is === "welcome") { this.tries = 0; this.state(true); this.flush(); }
      if (told.is === "refused") this.closed = true;
      this.heard(told);
    };
    socket.onclose = () => {
      if (this.socket !== socket || this.closed) return;
      this.state(false);
      this.timer = setTimeout(() => this.open(), Math.min(8000, 400 * 2 ** this.tries++) * (0.7 + 0.6 * Math.random()));
    };
  }

  again() {
    if (this.closed || this.socket.readyState < 2) return;
    clearTimeout(this.timer);
    this.open();
  }

  get live() {
    return this.socket.readyState === 1;
  }

  send(content) {
    if (this.live) this.socket.send(JSON.stringify(content));
  }

  /** Send this soon, unless something newer of its kind takes its place. */
  post(kind, content) {
    this.waiting.set(kind, content);
    if (!this.soon) this.soon = setTimeout(() => this.flush(), Math.max(0, EVERY - (performance.now() - this.last)));
  }

  flush() {
    clearTimeout(this.soon);
    this.soon = null;
    if (!this.live) return; // it goes out when the line is there again
    this.last = performance.now();
    for (const content of this.waiting.values()) this.send(content);
    this.waiting.clear();
  }
}

/** A clock that counts down to the end of a round. */
export class Clock {
  constructor(where) {
    this.where = where;
    setInterval(() => this.draw(), 250);
  }

  set(phase, left) {
    this.end = phase === "choosing" && left !== null ? performance.now() + 1000 * left : null;
    this.rest = left;
    this.draw();
  }

  draw() {
    const left = this.end ? Math.max(0, (this.end - performance.now()) / 1000) : this.rest;
    const text = left === null || left === undefined ? "" : `${Math.floor(left / 60)}:${String(Math.ceil(left) % 60).padStart(2, "0")}`;
    tell(this.where, left !== null && left !== undefined && Math.ceil(left) % 60 === 0 && left % 60 > 59 ? `${Math.ceil(left / 60)}:00` : text);
    this.where.classList.toggle("soon", this.end !== null && left !== null && left < 10);
  }
}

export function phaseOf(tick, frame) {
  if (!tick || !frame) return "";
  if (tick.phase === "lobby") return t("Waiting for the teacher to begin");
  if (tick.phase === "over") return t("The game is over");
  const round = t("Round {round} of {rounds}", {round: Math.min(tick.round + 1, frame.rounds), rounds: frame.rounds});
  return tick.phase === "paused" ? `${round} · ${t("paused")}` : tick.phase === "playing" ? `${round} · ${t("being played …")}` : round;
}

/** A chart of one series: a line, its last value, and the axis from nought. */
export class Plot {
  constructor(parent, title, {share = false, colour = "#0072b2", height = 84} = {}) {
    Object.assign(this, {title, share, colour, height});
    this.value = make("output");
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("role", "img");
    parent.append(make("div", {className: "plot"}, make("h3", {}, title, this.value), this.svg));
  }

  draw(values, rounds, other = null) {
    const W = 340, H = this.height, left = 34, right = 6, top = 8, low = H - 16;
    const known = [...values, ...(other ? [other] : [])].filter((value) => value !== null);
    const most = this.share ? Math.max(1, ...known) : nice(Math.max(1e-9, ...known)), least = Math.min(0, ...known);
    const x = (k) => left + (W - left - right) * (rounds > 1 ? k / (rounds - 1) : 0), y = (value) => top + (low - top) * (1 - (value - least) / (most - least));
    const drawn = [];
    for (const value of [least, (least + most) / 2, most]) {
      drawn.push(part("line", {class: "grid", x1: left, x2: W - right, y1: y(value), y2: y(value)}));
      drawn.push(part("text", {class: "tick", x: left - 4, y: y(value) + 3.5, "text-anchor": "end"}, this.say(value)));
    }
    if (other !== null) drawn.push(part("line", {class: "ghost", x1: left, x2: W - right, y1: y(other), y2: y(other)}));
    for (const k of [0, Math.floor((rounds - 1) / 2), rounds - 1]) {
      if (k >= 0) drawn.push(part("text", {class: "tick", x: x(k), y: H - 3, "text-anchor": k ? (k === rounds - 1 ? "end" : "middle") : "start"}, String(k + 1)));
    }
    const path = values.map((value, k) => (value === null ? "" : `${k && values[k - 1] !== null ? "L" : "M"}${x(k).toFixed(1)},${y(value).toFixed(1)}`)).join("");
    if (path) drawn.push(part("path", {class: "line", d: path, stroke: this.colour}));
    const last = values.length - 1;
    if (last >= 0 && values[last] !== null) drawn.push(part("circle", {cx: x(last), cy: y(values[last]), r: 3.5, fill: this.colour}));
    this.svg.setAttribute("viewBox", `0 0 ${W} ${H}`);
    this.svg.replaceChildren(...drawn);
    const now = last >= 0 ? this.say(values[last]) : "–";
    tell(this.value, now);
    this.svg.setAttribute("aria-label", t("{title}, by round; now {now}", {title: this.title, now}));
  }

  say(value) {
    if (value === null) return "–";
    if (this.share) return percent(value);
    return Math.abs(value) >= 20 || Number.isInteger(value) ? number(Math.round(value)) : number(value, Math.abs(value) < 1 ? 2 : 1);
  }
}

function part(name, about, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(about)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((k) => k * power).find((k) => k >= value) || 10 * power;
}

/** What the network's map takes for a film: one month of it. */
export const filmOf = (network) => ({
  firms: network.firms, month: () => ({...network, at: network.firms.map((_, k) => k)}),
});

/** The rules in force, in plain words. */
export function rulesOf(rules) {
  return [
    t("The orchestrator keeps {share} of all value.", {share: percent(rules.take_rate)}),
    t("The rest is shared {how}.", {how: `${shared(rules.mix)}${rules.mixed ? t(", for the most part") : ""}`}),
    rules.transparency >= 0.5 ? t("Books are open: you see what partners put in and earn.") : t("Books are closed: you see only what passes between you and your partners."),
    rules.monitoring > 0 ? t("Whoever puts in less than {norm} is seen in {share} of cases and fined, more with every strike.", {norm: percent(rules.norm), share: percent(rules.monitoring)}) : t("Nobody watches what firms put in."),
    {fixed: "", orchestrator: t("The orchestrator moves its take as it pleases."), vote: t("Members vote on the take rate: one firm, one vote."),
      weighted: t("Members vote on the take rate: votes weigh by what firms put in.")}[rules.decider],
    rules.feedback > 0 ? t("If most members feel treated unfairly, the split is mended.") : "",
  ].filter(Boolean);
}
