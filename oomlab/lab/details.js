// What each step left behind, as details.py wrote it: the facts of a moment, and what it changed.

class Details {
  constructor(part) {
    Object.assign(this, part);
    this.rewind();
  }

  // The part that begins with step 0 also knows what stood before it, as step -1.
  holds(n) { return n < this.to && (n >= this.from || (n === -1 && this.from === 0)); }

  rewind() {
    this.at = this.from - 1;
    this.facts = new Map();
    this.apply(this.start);
  }

  apply(pairs) {
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i + 1] < 0) this.facts.delete(pairs[i]); else this.facts.set(pairs[i], this.values[pairs[i + 1]]);
    }
  }

  // The facts after step n, by number of their key, and the keys that this step changed.
  go(n) {
    if (n < this.at) this.rewind();
    while (this.at < n) this.apply(this.changes[++this.at - this.from]);
    const changed = (this.changes[n - this.from] ?? []).filter((_, i) => i % 2 === 0);
    return { facts: this.facts, changed: new Set(changed) };
  }

  // Rows of one group: {row: {column: [value, changed]}}.
  group(name, { facts, changed }) {
    const rows = new Map();
    this.keys.forEach(([group, row, column], key) => {
      if (group !== name || (!facts.has(key) && !changed.has(key))) return;
      if (!rows.has(row)) rows.set(row, new Map());
      rows.get(row).set(column, [facts.get(key) ?? "gone", changed.has(key)]);
    });
    return rows;
  }

  stack(n) { return (this.stacks[n - this.from] ?? []).map((frame) => this.frames[frame]); }

  stands(n) { return (this.after[n - this.from] ?? []).map((frame) => this.frames[frame]); }
}
