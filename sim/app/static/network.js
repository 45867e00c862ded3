// The network alive: firms find their places by springs, colour is trust, size is value; who leaves fades.

const STOPS = [[253, 231, 37], [122, 209, 81], [34, 168, 132], [42, 120, 142], [65, 68, 135], [68, 1, 84]];
const SHADES = Array.from({length: 256}, (_, k) => {
  const place = (k / 255) * (STOPS.length - 1), low = Math.min(STOPS.length - 2, Math.floor(place)), rest = place - low;
  return `rgb(${STOPS[low].map((c, i) => Math.round(c + rest * (STOPS[low + 1][i] - c))).join(",")})`;
});
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const FADE = 0.06;

export class Network {
  constructor(canvas, onPick) {
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
    this.heat = 1;
    this.seek(this.month);
    if (CALM.matches) for (let k = 0; k < 200; k++) this.settle();
  }

  seek(month) {
    this.month = month;
    if (!this.film) return;
    const now = this.film.month(month), here = new Set();
    for (let k = 0; k < now.at.length; k++) {
      const firm = this.film.firms[now.at[k]];
      here.add(firm.id);
      let place = this.places.get(firm.id);
      if (!place) this.places.set(firm.id, place = this.born(firm.id));
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

  born(id) { // the same firm begins at the same place: the golden angle fills a disc evenly
    const angle = id * 2.399963, far = 14 * Math.sqrt(id + 0.5);
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
    this.draw();
    if (this.heat > 0.01 || fading) this.wake();
  }

  settle() { // springs along ties, repulsion within reach on a grid, a weak pull to the middle (Fruchterman & Reingold 1991)
    const nodes = [...this.places.values()].filter((place) => place.here), cell = 60, grid = new Map();
    for (const node of nodes) {
      node.key = Math.floor(node.x / cell) * 100003 + Math.floor(node.y / cell);
      if (!grid.has(node.key)) grid.set(node.key, []);
      grid.get(node.key).push(node);
    }
    for (const node of nodes) {
      let fx = -0.012 * node.x, fy = -0.012 * node.y;
      for (let dx = -1; dx <= 1; dx++) for (let dy = -1; dy <= 1; dy++) {
        for (const other of grid.get(node.key + dx * 100003 + dy) || []) {
          if (other === node) continue;
          const x = node.x - other.x, y = node.y - other.y, d2 = x * x + y * y + 1;
          if (d2 < cell * cell) { const push = 90 / d2; fx += x * push; fy += y * push; }
        }
      }
      node.fx = fx; node.fy = fy;
    }
    for (const [one, other] of this.ties || []) {
      const x = other.x - one.x, y = other.y - one.y, d = Math.hypot(x, y) || 1, pull = 0.004 * (d - 26) / d;
      one.fx += pull * x; one.fy += pull * y; other.fx -= pull * x; other.fy -= pull * y;
    }
    for (const node of nodes) {
      node.vx = 0.82 * (node.vx + node.fx * this.heat); node.vy = 0.82 * (node.vy + node.fy * this.heat);
      const speed = Math.hypot(node.vx, node.vy), most = 12;
      const rein = speed > most ? most / speed : 1;
      node.x += node.vx * rein; node.y += node.vy * rein;
    }
    this.heat *= 0.985;
  }

  view() { // what is there, with a margin, in the middle of the canvas
    let reach = 60;
    for (const place of this.places.values()) if (place.here) reach = Math.max(reach, Math.abs(place.x), Math.abs(place.y));
    const wanted = (Math.min(this.width, this.height) / 2 - 14) / reach;
    this.scale = this.scale ? this.scale + 0.1 * (wanted - this.scale) : wanted;
    if (CALM.matches) this.scale = wanted;
    return this.scale;
  }

  draw() {
    const pen = this.pen, scale = this.view(), cx = this.width / 2, cy = this.height / 2;
    const wide = Math.max(0.6, Math.min(2.2, scale * 1.4));
    pen.clearRect(0, 0, this.width, this.height);
    pen.lineWidth = wide * 0.5;
    for (let shade = 0; shade < 6; shade++) { // six colours of ties: a path each is quick
      pen.beginPath();
      for (const [one, other, trust] of this.ties || []) {
        if (Math.min(5, Math.floor(trust / 43)) !== shade) continue;
        pen.moveTo(cx + one.x * scale, cy + one.y * scale);
        pen.lineTo(cx + other.x * scale, cy + other.y * scale);
      }
      pen.strokeStyle = SHADES[Math.min(255, shade * 43 + 21)];
      pen.globalAlpha = 0.22;
      pen.stroke();
    }
    for (const place of this.places.values()) {
      const x = cx + place.x * scale, y = cy + place.y * scale, r = radius(place, scale);
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
      const x = cx + chosen.x * scale, y = cy + chosen.y * scale;
      pen.lineWidth = 2; pen.strokeStyle = "#222";
      pen.beginPath(); pen.arc(x, y, radius(chosen, scale) + 3, 0, 2 * Math.PI); pen.stroke();
    }
    if (![...this.places.values()].some((place) => place.here) && this.film) {
      pen.fillStyle = "#595959"; pen.font = "16px system-ui, sans-serif"; pen.textAlign = "center";
      pen.fillText("nobody is left", cx, cy);
    }
  }

  point(event, onPick) {
    const box = this.canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
    let best = -1, least = 14;
    for (const [id, place] of this.places) {
      if (!place.here) continue;
      const d = Math.hypot(this.width / 2 + place.x * this.scale - x, this.height / 2 + place.y * this.scale - y) - radius(place, this.scale);
      if (d < least) { least = d; best = id; }
    }
    if (best !== this.hovered) { this.hovered = best; onPick(best < 0 ? null : this.places.get(best)); this.wake(); }
  }
}

function radius(place, scale) {
  const room = Math.max(0.6, Math.min(2, scale * 1.1));
  return room * (2.2 + 7 * place.size / 255 + (place.role === 0 ? 3 : 0));
}
