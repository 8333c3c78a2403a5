import { stripVTControlCharacters } from 'node:util';
import { Terminal } from './terminal';

function recorded(isTTY: boolean): { terminal: Terminal; text(): string } {
  let written = '';
  const terminal = new Terminal({ isTTY, columns: 80, write: (text) => (written += text) });
  return { terminal, text: () => stripVTControlCharacters(written) };
}

describe(Terminal, () => {
  it('prints a step once it is done, with its time', async () => {
    const { terminal, text } = recorded(false);
    await terminal.step('Building', async (tell) => {
      tell('points');
      return 'Built 8 apps';
    });
    expect(text()).toMatch(/^✓ Built 8 apps 0\.\d s\n$/);
  });

  it('marks a step that failed and passes its error on', async () => {
    const { terminal, text } = recorded(false);
    const failing = terminal.step('Migrating', () => Promise.reject(new Error('no database')));
    await expect(failing).rejects.toThrow('no database');
    expect(text()).toBe('✗ Migrating\n');
  });

  it('keeps what goes on below the lines of a terminal', () => {
    const { terminal, text } = recorded(true);
    terminal.status('waiting');
    terminal.line('points is ready');
    expect(text().split('\r').at(-1)).toBe('points is ready\nwaiting');
  });
});
