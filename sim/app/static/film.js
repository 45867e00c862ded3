// A film: what every month showed of firms and ties, as `sim.app.film` packs it.

export class Film {
  constructor(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    Object.assign(this, {firms: header.firms, hidden: header.hidden, thinned: header.hidden_ties, top: header.top, months: []});
    let at = 4 + length;
    const take = (kind, count) => {
      const size = kind.BYTES_PER_ELEMENT * count;
      const part = new kind(buffer.slice(at, at + size)); // a copy: two bytes may begin at an odd place
      at += size;
      return part;
    };
    for (const [firms, ties] of header.counts) {
      this.months.push({
        at: take(Uint16Array, firms), size: take(Uint8Array, firms), trust: take(Uint8Array, firms), contribution: take(Uint8Array, firms),
        source: take(Uint16Array, ties), target: take(Uint16Array, ties), tie: take(Uint8Array, ties),
      });
    }
  }

  month(month) {
    return this.months[Math.max(0, Math.min(this.months.length - 1, month))];
  }
}
