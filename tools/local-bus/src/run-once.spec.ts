import { runOnce } from './run-once';

describe(runOnce, () => {
  it('resolves when the script ends well', async () => {
    await expect(runOnce('points --migrate', ['-e', ''], process.env, '.')).resolves.toBeUndefined();
  });

  it('tells what a script said that failed', async () => {
    const script = `console.error('no database'); process.exit(2)`;
    await expect(runOnce('points --migrate', ['-e', script], process.env, '.')).rejects.toThrow(
      'points --migrate ended with code 2:\nno database',
    );
  });
});
