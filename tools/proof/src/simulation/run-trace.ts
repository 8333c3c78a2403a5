/** A hash over everything that happened, in order: the same seed must give the same one. */
export class RunTrace {
  /** Lines too, for a person who looks for a fault; `null`: the hash alone. */
  readonly lines: string[] | null;
  private state = 0x811c9dc5;

  constructor(keepsLines = false) {
    this.lines = keepsLines ? [] : null;
  }

  get hash(): string {
    return (this.state >>> 0).toString(16).padStart(8, '0');
  }

  add(atMs: number, text: string): void {
    const line = `${atMs.toFixed(3)} ${text}`;
    let state = this.state;
    for (let at = 0; at < line.length; at++) state = Math.imul(state ^ line.charCodeAt(at), 0x01000193);
    this.state = state;
    this.lines?.push(line);
  }
}
