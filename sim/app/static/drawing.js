// A curve that is drawn before the real one is seen: by mouse, finger or keyboard.

import {t} from "./words.js";

const SVG = "http://www.w3.org/2000/svg", W = 360, H = 150, LEFT = 40, RIGHT = 8, TOP = 8, BOTTOM = 18, POINTS = 13;

export class Drawing {
  constructor(months, top, say, label, onChange) {
    Object.assign(this, {months, top, onChange, at: 0, locked: false});
    this.values = Array(POINTS).fill(null);
    this.svg = make("svg", {viewBox: `0 0 ${W} ${H}`, class: "drawing", tabindex: 0, role: "slider", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": top});
    for (const part of [0, 0.5, 1]) {
      const y = this.y(part * top), text = make("text", {x: LEFT - 5, y: y + 3.5, "text-anchor": "end"});
      text.textContent = say(part * top);
      this.svg.append(make("line", {x1: LEFT, x2: W - RIGHT, y1: y, y2: y, stroke: "#ddd"}), text);
    }
    for (let year = 0; 12 * year <= months; year += Math.max(1, Math.ceil(months / 12 / 6))) {
      const text = make("text", {x: this.x(12 * year), y: H - 4, "text-anchor": 12 * year > 0.95 * months ? "end" : "middle"});
      text.textContent = year ? t("{years} y", {years: year}) : "0";
      this.svg.append(text);
    }
    this.layer = make("g");
    this.svg.append(this.layer);
    this.say = say;
    this.svg.addEventListener("pointerdown", (event) => { this.svg.setPointerCapture(event.pointerId); this.last = null; this.point(event); });
    this.svg.addEventListener("pointermove", (event) => { if (event.buttons) this.point(event); });
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.show();
  }

  x(month) { return LEFT + (W - LEFT - RIGHT) * month / this.months; }
  y(value) { return TOP + (H - TOP - BOTTOM) * (1 - value / this.top); }
  monthOf(k) { return Math.max(1, Math.round(k * this.months / (POINTS - 1))); }

  point(event) {
    if (this.locked) return;
    const box = this.svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * W, y = (event.clientY - box.top) / box.height * H;
    const k = Math.max(0, Math.min(POINTS - 1, Math.round((x - LEFT) / (W - LEFT - RIGHT) * (POINTS - 1))));
    const value = Math.max(0, Math.min(this.top, (1 - (y - TOP) / (H - TOP - BOTTOM)) * this.top));
    if (this.last && this.last.k !== k) { // a quick stroke leaves no holes
      const step = Math.sign(k - this.last.k);
      for (let j = this.last.k + step; j !== k; j += step) this.values[j] = this.last.value + (value - this.last.value) * (j - this.last.k) / (k - this.last.k);
    }
    this.last = {k, value};
    this.set(k, value);
  }

  key(event) {
    if (this.locked) return;
    const step = {ArrowUp: 0.02, ArrowDown: -0.02, PageUp: 0.1, PageDown: -0.1}[event.key];
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") this.at = Math.max(0, Math.min(POINTS - 1, this.at + (event.key === "ArrowRight" ? 1 : -1)));
    else if (step) {
      const known = this.values[this.at] ?? this.values.slice(0, this.at).findLast((value) => value !== null) ?? this.top / 2;
      for (let j = 0; j < this.at; j++) this.values[j] ??= known;
      this.values[this.at] = Math.max(0, Math.min(this.top, known + step * this.top));
    } else return;
    event.preventDefault();
    if (event.key === "ArrowRight" && this.values[this.at] === null && this.values[this.at - 1] !== null) this.values[this.at] = this.values[this.at - 1];
    this.set(this.at, this.values[this.at]);
  }

  set(k, value) {
    this.at = k;
    this.values[k] = value;
    this.svg.setAttribute("aria-valuenow", value ?? 0);
    this.svg.setAttribute("aria-valuetext", value === null ? "" : `${this.monthOf(k)}: ${this.say(value)}`);
    this.show();
    this.onChange(this.full());
  }

  full() { return this.values.every((value) => value !== null); }

  show() {
    const known = this.values.map((value, k) => [k, value]).filter(([, value]) => value !== null);
    const at = ([k, value]) => `${this.x(k * this.months / (POINTS - 1)).toFixed(1)},${this.y(value).toFixed(1)}`;
    this.layer.replaceChildren(...(known.length ? [make("path", {class: "mine", d: `M${known.map(at).join("L")}`})] : []),
      ...known.map((each) => { const [cx, cy] = at(each).split(","); return make("circle", {class: each[0] === this.at ? "handle on" : "handle", cx, cy, r: 3}); }));
  }

  band(low, high) { // where 95 % of runs under other luck lie, behind all lines
    const at = (value, m) => `${this.x(m + 1).toFixed(1)},${this.y(Math.max(0, Math.min(value, this.top))).toFixed(1)}`;
    this.luck?.remove();
    this.luck = make("path", {class: "band", d: `M${high.map(at).join("L")}L${low.map(at).reverse().join("L")}Z`});
    this.layer.before(this.luck);
  }

  reveal(truth, base) { // by how much the line is off, on average
    this.locked = true;
    const line = (values, name) => make("path", {class: name, d: `M${values.map((value, m) => `${this.x(m + 1).toFixed(1)},${this.y(Math.min(value ?? 0, this.top)).toFixed(1)}`).join("L")}`});
    if (base) this.svg.append(line(base, "base"));
    this.svg.append(line(truth, "truth"));
    return this.values.reduce((sum, value, k) => sum + Math.abs(value - (truth[this.monthOf(k) - 1] ?? 0)), 0) / POINTS;
  }
}

function make(name, words = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [word, value] of Object.entries(words)) made.setAttribute(word, value);
  return made;
}
