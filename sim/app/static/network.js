// The network alive: firms find their places by springs, colour is trust, size is value; who leaves fades.

import {t} from "./words.js";

const STOPS = [[253, 231, 37], [122, 209, 81], [34, 168, 132], [42, 120, 142], [65, 68, 135], [68, 1, 84]];
const SHADES = Array.from({length: 256}, (_, k) => {
  const place = (k / 255) * (STOPS.length - 1), low = Math.min(STOPS.length - 2, Math.floor(place)), rest = place - low;
  return `rgb(${STOPS[low].map((c, i) => Math.round(c + rest * (STOPS[low + 1][i] - c))).join(",")})`;
});
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const FADE = 0.06;
const REPEL = 60, LENGTH = 30, MIDDLE = 0.05, FASTEST = 40;

export class Network {
  /** A map on a canvas; beside another one it has every firm that both know in the same place. */
  constructor(canvas, onPick, leader = null) {
    this.leader = leader;
    if (leader) leader.follower = this;
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.film = null;
    this.places = new Map(); // id of a firm → where it is; kept when another film is shown, so that nothing jumps
    this.month = 0;
    this.heat = 1;
    this.hovered = -1;
    new ResizeObserver(() => this.measure()).observe(canvas);
    this.measure();
    canvas.addEventListener("pointermove", (event) => this.point(event, onPick));
    canvas.addEventListener("pointerleave", () => { this.hovered = -1; onPick(null); this.wake(); });
    this.waiting = false;
  }

  measure() {
    const box = this.canvas.getBoundingClientRect(), ratio = window.devicePixelRatio || 1;
    this.width = Math.max(50, box.width);
    this.height = Math.max(50, box.height);
    this.canvas.width = Math.round(this.width * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.wake();
  }

  show(film) {
    this.film = film;
    this.heat = Math.max(this.heat, this.places.size ? 0.3 : 1);
    this.seek(this.month);
    if (CALM.matches) for (let k = 0; k < 150; k++) this.settle();
  }

  seek(month) {
    if (this.film && this.film === this.shown && month === this.month) return; // nothing else to see: curves were drawn anew, not the network
    this.month = month;
    if (!this.film) return;
    this.shown = this.film;
    const now = this.film.month(month), here = new Set();
    for (let k = 0; k < now.at.length; k++) {
      const firm = this.film.firms[now.at[k]];
      here.add(firm.id);
      let place = this.places.get(firm.id);
      if (!place) this.places.set(firm.id, place = this.born(now.at[k]));
      Object.assign(place, {size: now.size[k], trust: now.trust[k], contribution: now.contribution[k], name: firm.name, role: firm.role, here: true});
    }
    for (const [id, place] of this.places) if (!here.has(id)) place.here = false;
    this.ties = [];
    for (let k = 0; k < now.source.length; k++) {
      this.ties.push([this.places.get(this.film.firms[now.source[k]].id), this.places.get(this.film.firms[now.target[k]].id), now.tie[k]]);
    }
    for (const tie of this.ties) {
      for (const [one, other] of [[tie[0], tie[1]], [tie[1], tie[0]]]) {
        if (one.fresh) { one.x = other.x + 12 * one.side[0]; one.y = other.y + 12 * one.side[1]; one.fresh = false; }
      }
    }
    this.heat = Math.max(this.heat, 0.25);
    this.wake();
  }

  born(order) { // the same firm begins at the same place: the golden angle fills a disc evenly
    const angle = order * 2.399963, far = 10 * Math.sqrt(order + 0.5);
    return {x: far * Math.cos(angle), y: far * Math.sin(angle), vx: 0, vy: 0, seen: 0, fresh: this.month > 0, side: [Math.cos(angle), Math.sin(angle)]};
  }

  wake() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.frame(); });
  }

  frame() {
    if (!CALM.matches) this.settle();
    let fading = false;
    for (const [id, place] of this.places) {
      place.seen += (place.here ? 1 : 0) > place.seen ? Math.min(FADE * 2, 1 - place.seen) : place.here ? 0 : -FADE;
      if (CALM.matches) place.seen = place.here ? 1 : 0;
      if (!place.here && place.seen <= 0) this.places.delete(id);
      else if (place.seen < 1) fading = true;
    }
    this.follow();
    this.draw();
    this.follower?.wake();
    if (this.heat > 0.01 || fading || this.zooming) this.wake();
  }

  follow() { // where the map beside has a firm, it is here too
    for (const [id, place] of this.places) {
      const other = this.leader?.places.get(id);
      if (other?.here) { place.x = other.x; place.y = other.y; }
    }
  }

  get seen() {
    return this.film !== null && this.canvas.getClientRects().length > 0;
  }

  settle() { // everybody repels everybody, ties are springs that give way at hubs, a weak pull to the middle (Fruchterman & Reingold 1991)
    if (this.heat < 0.005) return;
    const nodes = [...this.places.values()].filter((place) => place.here), count = nodes.length;
    const x = new Float64Array(count), y = new Float64Array(count), fx = new Float64Array(count), fy = new Float64Array(count);
    nodes.forEach((node, k) => { node.k = k; node.degree = 0; x[k] = node.x; y[k] = node.y; });
    for (const [one, other] of this.ties || []) { one.degree++; other.degree++; }
    for (let i = 0; i < count; i++) {
      for (let j = i + 1; j < count; j++) {
        const dx = x[i] - x[j], dy = y[i] - y[j], push = REPEL / (dx * dx + dy * dy + 4);
        fx[i] += dx * push; fy[i] += dy * push; fx[j] -= dx * push; fy[j] -= dy * push;
      }
      const middle = nodes[i].degree ? MIDDLE : 2 * MIDDLE; // who has no ties does not drift out of sight
      fx[i] -= middle * x[i]; fy[i] -= middle * y[i];
    }
    for (const [one, other] of this.ties || []) {
      const dx = other.x - one.x, dy = other.y - one.y, far = Math.hypot(dx, dy) || 1;
      const pull = (far - LENGTH) / far / Math.min(one.degree, other.degree), share = other.degree / (one.degree + other.degree);
      fx[one.k] += pull * share * dx; fy[one.k] += pull * share * dy;
      fx[other.k] -= pull * (1 - share) * dx; fy[other.k] -= pull * (1 - share) * dy;
    }
    nodes.forEach((node, k) => {
      node.vx = 0.6 * (node.vx + fx[k] * this.heat); node.vy = 0.6 * (node.vy + fy[k] * this.heat);
      const rein = Math.min(1, FASTEST / (Math.hypot(node.vx, node.vy) || 1));
      node.x += node.vx * rein; node.y += node.vy * rein;
    });
    this.heat *= 0.98;
  }

  view() { // nearly all that is there, with a margin, in the middle of the canvas; who is far out stays at the rim (`spot`)
    if (this.leader?.scale) return this.scale = this.leader.scale;
    const all = [...this.places.values(), ...(this.follower?.seen ? this.follower.places.values() : [])];
    const far = all.filter((place) => place.here).map((place) => Math.max(Math.abs(place.x) * this.height / this.width, Math.abs(place.y)));
    far.sort((one, other) => one - other);
    const reach = Math.max(40, far[Math.ceil(0.995 * (far.length - 1))] || 0), wanted = Math.min((this.height / 2 - 14) / reach, 4);
    this.zooming = Boolean(this.scale) && !CALM.matches && Math.abs(wanted / this.scale - 1) > 0.005;
    this.scale = this.zooming ? this.scale + 0.15 * (wanted - this.scale) : wanted;
    return this.scale;
  }

  spot(place) { // where a firm is drawn: within the canvas, its ring included
    const rim = radius(place, this.scale) + 4, within = (at, size) => Math.max(rim, Math.min(size - rim, at));
    return [within(this.width / 2 + place.x * this.scale, this.width), within(this.height / 2 + place.y * this.scale, this.height)];
  }

  draw() {
    const pen = this.pen, scale = this.view(), spots = new Map([...this.places.values()].map((place) => [place, this.spot(place)]));
    const wide = Math.max(0.6, Math.min(2.2, scale * 1.4));
    pen.clearRect(0, 0, this.width, this.height);
    pen.lineWidth = wide * 0.5;
    for (let shade = 0; shade < 6; shade++) { // six colours of ties: a path each is quick
      pen.beginPath();
      for (const [one, other, trust] of this.ties || []) {
        if (Math.min(5, Math.floor(trust / 43)) !== shade) continue;
        if (!spots.has(one) || !spots.has(other)) continue;
        pen.moveTo(...spots.get(one));
        pen.lineTo(...spots.get(other));
      }
      pen.strokeStyle = SHADES[Math.min(255, shade * 43 + 21)];
      pen.globalAlpha = 0.22;
      pen.stroke();
    }
    for (const place of this.places.values()) {
      const [x, y] = spots.get(place), r = radius(place, scale);
      pen.globalAlpha = Math.max(0, Math.min(1, place.seen));
      pen.fillStyle = place.here ? SHADES[place.trust] : "#9a9a9a";
      pen.beginPath(); pen.arc(x, y, r, 0, 2 * Math.PI); pen.fill();
      pen.lineWidth = place.role === 0 ? 3 : 0.8;
      pen.strokeStyle = place.role === 0 ? "#222" : "rgba(0,0,0,.35)";
      pen.stroke();
    }
    pen.globalAlpha = 1;
    const chosen = this.places.get(this.hovered);
    if (chosen) {
      const [x, y] = spots.get(chosen);
      pen.lineWidth = 2; pen.strokeStyle = "#222";
      pen.beginPath(); pen.arc(x, y, radius(chosen, scale) + 3, 0, 2 * Math.PI); pen.stroke();
    }
    if (![...this.places.values()].some((place) => place.here) && this.film) {
      pen.fillStyle = "#595959"; pen.font = "16px system-ui, sans-serif"; pen.textAlign = "center";
      pen.fillText(t("nobody is left"), this.width / 2, this.height / 2);
    }
  }

  point(event, onPick) {
    const box = this.canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    let best = -1, least = 14;
    for (const [id, place] of this.places) {
      if (!place.here) continue;
      const [px, py] = this.spot(place), d = Math.hypot(px - x, py - y) - radius(place, this.scale);
      if (d < least) { least = d; best = id; }
    }
    if (best !== this.hovered) { this.hovered = best; onPick(best < 0 ? null : this.places.get(best)); this.wake(); }
  }
}

function radius(place, scale) {
  const room = Math.max(0.6, Math.min(2, scale * 1.1));
  return room * (2.8 + 7 * place.size / 255 + (place.role === 0 ? 3 : 0));
}
